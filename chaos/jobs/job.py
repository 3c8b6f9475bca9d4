"""A job, as a scenario asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from chaos.jobs.digest import digest

Handler = Literal["async", "thread"]
"""The kind of function that runs a job: an `async def`, or a plain one in a thread."""

ECHO = "$echo"
"""As the `result` of a job: its handler returns the arguments that it got."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job to enqueue. `plan` tells its handler what to do (`chaos.targets.behaviour`)."""

    #: None: the queue gives it one.
    id: str | None = None
    plan: Mapping[str, Any]
    function: str = "behave"
    #: One of the run's queues; None: the first of them.
    queue: str | None = None
    handler: Handler = "async"
    #: JSON values, which the handler gets beside its plan.
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    #: What the handler is to return: a JSON value, or `ECHO`.
    result: Any = None
    unique: str | None = None
    delay_ms: int = 0
    #: Not before this time, in seconds since the epoch; it may be long past. Instead of `delay_ms`.
    defer_until: float | None = None
    max_retries: int = 3
    timeout_s: int = 60
    #: How long it is kept once it is completed, in seconds; 0: for ever; None: as usual.
    result_ttl_s: int | None = None
    effects: int = 1
    #: It can never succeed and must be dead-lettered, whatever its budget.
    doomed: bool = False
    #: Its handler does not let itself be cancelled.
    resists: bool = False
    #: Its place in the space that it was drawn from (`chaos.jobs.space`).
    point: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The word for what it does."""
        return str(self.plan.get("do", "ok"))

    @property
    def deadly(self) -> bool:
        """Whether its handler ends the process of its worker."""
        return self.kind == "die" or bool(self.plan.get("dies"))

    @property
    def own_id(self) -> str:
        """The id that it was given."""
        assert self.id is not None, "the queue gives this job its id"
        return self.id

    @property
    def arguments(self) -> str:
        """The digest of its arguments."""
        return digest_of_arguments(self.args, self.kwargs)

    @property
    def returns(self) -> str:
        """The digest of what its handler is to return."""
        return digest(echo(self.args, self.kwargs) if self.result == ECHO else self.result)


def echo(args: tuple[Any, ...] | list[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """A handler's arguments, as one value."""
    return {"args": list(args), "kwargs": dict(kwargs)}


def digest_of_arguments(args: tuple[Any, ...] | list[Any], kwargs: Mapping[str, Any]) -> str:
    """The same for the producer that sends them and the handler that gets them."""
    return digest(echo(args, kwargs))
