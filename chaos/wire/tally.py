"""Counting the commands of a process."""

import threading

from chaos.faults import Match


class Tally:
    """Counts the commands of a process that match, from the moment it was asked for."""

    def __init__(self, match: Match) -> None:
        self._match = match
        self._changed = threading.Condition()
        self._value = 0

    @property
    def value(self) -> int:
        """The count so far. A command counts once it is about to be forwarded."""
        return self._value

    def wait(self, at_least: int, timeout_s: float) -> bool:
        """Wait until that many were seen. False when the time is over first."""
        with self._changed:
            return self._changed.wait_for(lambda: self._value >= at_least, timeout_s)

    def sees(self, argv: list[bytes]) -> None:
        """Called by the proxy for each command."""
        if self._match(argv):
            with self._changed:
                self._value += 1
                self._changed.notify_all()
