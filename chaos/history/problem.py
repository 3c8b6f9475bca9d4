"""The one error of this package."""

from chaos.errors import ChaosError


class HistoryProblem(ChaosError):
    """A history could not be written or read at all. The message is one sentence for people."""
