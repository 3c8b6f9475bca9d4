"""The history of a run: what every process saw, one JSON object a line, one file per process.

Worker processes under test import this to record, so it stays light. Reading needs DuckDB and is a
matter of its own: `chaos.history.reader`.
"""

from chaos.history.event import Event, Write
from chaos.history.problem import HistoryProblem
from chaos.history.recorder import Recorder

__all__ = ["Event", "HistoryProblem", "Recorder", "Write"]
