"""Claims as a worker receives them, and the ways in which an attempt can end."""

from dataclasses import dataclass
from typing import NamedTuple

from .errors import StoreError


class Lease(NamedTuple):
    """One attempt's hold on a job. Every later write of the attempt must show it."""

    queue: int  # index into the worker's queues
    job_id: str
    token: int  # the fencing token


class Claimed(NamedTuple):
    """A job as a worker receives it. Its arguments are still JSON."""

    lease: Lease
    function: bytes | None
    args: bytes | None
    kwargs: bytes | None
    params: bytes | None  # RRQ 0.11 has one object instead of `args` and `kwargs`
    retries: int
    max_retries: int
    timeout_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The answer to one claim."""

    jobs: list[Claimed]
    #: Time until the next job is due or the next lock expires; None = nothing is waiting.
    due_in_s: float | None
    left: int  # jobs queued or locked, those just claimed included
    taken_back: list[str]
    buried: list[str]
    dropped: list[str]
    #: Jobs of a claim whose reply was lost: handed back by this call; or no longer held.
    returned: list[str]
    lost: list[Lease]


class Finish(NamedTuple):
    lease: Lease
    result: str
    effects: str | bytes = ""  # JSON list of Redis commands, "" = none; may be non-UTF-8 bytes


class Retry(NamedTuple):
    lease: Lease
    error: str
    delay_ms: int
    traceback: str = ""


class Bury(NamedTuple):
    lease: Lease
    reason: str
    error: str
    traceback: str = ""


class Release(NamedTuple):
    lease: Lease


class Acquit(NamedTuple):
    """Word from a worker that lost an attempt: it did not crash. This ends no attempt."""

    lease: Lease


Outcome = Finish | Retry | Bury | Release | Acquit


class EffectRefused(StoreError):
    """The server refused an effect (wrong type, no such command). The job is not completed."""
