"""The history of a run: what every process saw, one JSON object a line, one file per process."""

from chaos.history.problem import HistoryProblem
from chaos.history.reader import History, read_history
from chaos.history.recorder import Recorder

__all__ = ["History", "HistoryProblem", "Recorder", "read_history"]
