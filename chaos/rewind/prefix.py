"""The state that one power loss leaves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix:
    """The first `size` bytes of an append-only file: all that had become durable."""

    name: str
    size: int
    #: Bytes of it that a server can load: less than `size` where that lies inside a transaction.
    whole: int
    #: A time by which certainly more was durable: everything that led to these bytes came before.
    t: int
    #: Jobs that are in it, and those that should be.
    jobs: tuple[str, ...]

    @property
    def phase(self) -> str:
        return "between transactions" if self.whole == self.size else "inside of a transaction"
