"""The description of a kind of fault: its name, its meaning, its effect on the process it hits.

The checks read these properties as a table (`chaos.checks.fault_kinds`), so that no query needs to
know a fault by its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from signal import Signals
from typing import Literal

ToProcess = Literal["ends", "leaves", "halts", "disturbs"]
"""The effect on a process that is hit: it ends at once; it is asked to leave; it stands still, and
hears of nothing until it goes on; or it goes on, with some trouble."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultKind:
    """A kind of fault. One that is a mere signal, or done by hand, is no more than this."""

    name: str
    """The one name that it has: on the wire, in the sweep, in storms, in histories and reports."""
    meaning: str
    """Its effect in one sentence, which help texts show."""
    former: tuple[str, ...] = ()
    """Names that it had in histories of earlier versions. These are judged all the same."""
    lasts: bool = False
    """True if it lasts until the history says that it is over (`healed`), and otherwise for ever.
    One that does not last is over as soon as it has landed."""
    forgets: bool = False
    """True if a server that is hit may forget writes that it had accepted."""
    to_process: ToProcess = "disturbs"
    hurries: bool = False
    """True if a process that is hit is to hand back what it holds at once, without the grace period
    that it has otherwise."""
    hangs: bool = False
    """True if the process does nothing meanwhile, and cannot say so."""
    unfelt: bool = False
    """True if a process that is hit must not notice: the checks excuse nothing for it."""
    ruins: bool = False
    """True if the job that it lands at is lost by it. The checks leave that job out."""
    signal: Signals | None = None
    """The signal that does it, where it is one."""

    @property
    def takes_out(self) -> bool:
        """True if it is a signal after which a process does nothing, for good or for a while."""
        return self.signal is not None and self.to_process in ("ends", "halts")
