"""The one error of this package."""


class HistoryProblem(Exception):
    """A history could not be written or read at all. The message is one sentence for people."""
