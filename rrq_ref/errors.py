"""One tree of errors. Redis' own exceptions are translated in `store` and nowhere else."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from numbers import Real
from typing import Any, ClassVar, Self

LONGEST_DELAY_S = 10**9  # thirty years: a longer delay is a mistake, perhaps of the unit


class RRQError(Exception):
    """Base of all errors of this package."""


class InvalidJob(RRQError, ValueError, TypeError):
    """An enqueue that can never work: a bad name, an unknown option, arguments that are not
    JSON."""


class JobNotFound(RRQError, LookupError):
    """No job with this id: never enqueued, or its TTL has passed."""


class StoreError(RRQError):
    """The store did not do what it was told."""


class StoreUnavailable(StoreError):
    """No answer: connection refused, reset or timed out. The call may or may not have happened.

    `job_ids` holds the ids of an enqueue. Enqueued again with the same ids, it makes no new jobs.
    """

    job_ids: Sequence[str] = ()


class StoreRefused(StoreError):
    """The server said that it cannot do it now (loading, out of memory, read-only). It did not
    happen."""


class LockLost(RRQError):
    """This attempt no longer holds its job. Anything that it writes is refused."""


class JobCancelled(RRQError):
    """This job was asked to stop."""


class RetryJob(Exception):
    """Raised by a handler that wants to be run again. Counts as a failed run.

    `delay_s` is the delay before the next run, in seconds; None takes the usual back-off.
    """

    delay_s: float | None = None  # for subclasses that do not call `__init__`

    def __init__(self, message: str = "", *, delay_s: float | None = None) -> None:
        super().__init__(message or "the handler asked to be run again")
        checked_delay_ms(delay_s)
        self.delay_s = delay_s


def checked_delay_ms(delay_s: float | None) -> int | None:
    """The delay of a `RetryJob` in ms. Raises `ValueError` if it is out of bounds."""
    if delay_s is None:
        return None
    if not isinstance(delay_s, Real) or not 0 <= delay_s <= LONGEST_DELAY_S:
        longest = f"give seconds, from 0 to {LONGEST_DELAY_S:,}"
        raise ValueError(f"delay_s is {delay_s!r:.100}; {longest}")
    return int(delay_s * 1000)


def meant(word: str, known: Iterable[str]) -> str:
    """`; did you mean …?` if a known word is close, else nothing."""
    close = get_close_matches(word, known, 1)
    return f"; did you mean {close[0]}?" if close else ""


class Helpful:
    """Base of dataclasses whose constructor suggests the right name for one that it does not
    know."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[Mapping[str, Any]]
    _complaint: ClassVar[type[TypeError]] = TypeError

    def __new__(cls, *_: Any, **given: Any) -> Self:
        for name in given:
            if name not in cls.__dataclass_fields__:
                near = meant(name, cls.__dataclass_fields__)
                raise cls._complaint(f"{cls.__name__} has no option {name!r}{near}")
        return super().__new__(cls)
