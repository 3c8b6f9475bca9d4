"""From a clean run to the commands that make a job's transitions.

The rules were tried on public queues, and are these. A job is taken by the first write that names
or returns it before its handler starts (a read that returns it first takes nothing). It is
finished, retried or buried by the first write that names it after its handler's end; which of these
it was, the rig knows from that end and from what followed. It is renewed by writes that name it
while the handler runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from chaos.inference.steps import Shape, mentions, parts, queued, texts, writes
from chaos.wire import Exchange

Moment = Literal["claim", "refresh", "finish", "retry", "bury"]
MOMENTS: tuple[Moment, ...] = ("claim", "refresh", "finish", "retry", "bury")
#: A job that works so long, in ns, shows what renews it; and so often must it be.
_LONG_NS = 1_000_000_000
_RENEWALS = 2


#: Those that settle an attempt.
_ENDS = ("finish", "retry", "bury")

#: The shape of a write, and the reply to it.
_Write = tuple[Shape, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One run of a handler, as it told it. Times in ns of the monotonic clock."""

    job: str
    process: str
    start_t: int
    end_t: int
    ok: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """A clean run: one job at a time, by workers that nothing disturbs."""

    exchanges: Sequence[Exchange]
    attempts: Sequence[Attempt]
    #: The names of each job on the wire: the rig's id, the queue's, and others.
    names: Mapping[str, Collection[bytes]]
    #: Names of the commands that write, by the server's own account.
    writing: Collection[bytes]


@dataclass(frozen=True, slots=True)
class Inferred:
    """The command of each moment that could be worked out, and why the others could not."""

    moments: Mapping[Moment, Shape]
    reasons: Sequence[str] = ()
    #: The replies that were seen to each; any other one says nothing.
    replies: Mapping[Moment, Collection[str]] = field(default_factory=dict)
    #: What a job leaves in the store that was `completed`, one that is `dead`, and one that is
    #: `held` by a worker.
    leaves: Mapping[str, frozenset[str]] = field(default_factory=dict)
    #: Within so many seconds a dead worker's job is started again; None: nobody looked.
    again_s: float | None = None
    #: A job that had failed once was run again.
    retried: bool = False
    #: It was looked for so long, and it did not come.
    never_again: bool = False

    def lines(self) -> Iterator[str]:
        """As sentences for a report."""
        for moment in MOMENTS:
            if moment in self.moments:
                yield f"{moment}: {self.moments[moment]}"
        yield from self.reasons
        for state, left in self.leaves.items():
            yield f"a job that is {state} leaves {', '.join(sorted(left)) or 'nothing'}"
        if self.again_s is not None:
            how = "was not started again" if self.never_again else "is started again"
            yield f"again: a dead worker's job {how} within {self.again_s:.1f} s"


def infer(observed: Observed) -> Inferred:
    """Find the command of each moment; one that does not show the same each time is left out."""
    found: dict[Moment, list[_Write]] = {moment: [] for moment in MOMENTS}
    lacking: Counter[Moment] = Counter()
    first = {attempt.job: attempt for attempt in reversed(observed.attempts)}
    for attempt in observed.attempts:
        seen: dict[Moment, _Write | None] = {
            _ended(attempt, observed.attempts): _settling(attempt, observed)
        }
        if attempt is first[attempt.job]:  # later ones come after what settled the earlier ones
            seen["claim"] = _claim(attempt, observed)
        for moment, write in seen.items():
            if write is None:
                lacking[moment] += 1
            else:
                found[moment].append(write)
        found["refresh"] += _renewals(attempt, observed)
    moments: dict[Moment, Shape] = {}
    reasons: list[str] = []
    for moment, each in found.items():
        shapes = [shape for shape, _ in each]
        if lacking[moment] or not each:
            why = "no write names a job then" if lacking[moment] else "it did not come up"
            reasons.append(f"{moment}: {why}")
        elif (shape := _joined(shapes)) is None:
            different = ", ".join(sorted(set(map(str, shapes))))
            reasons.append(f"{moment}: not always by the same command ({different})")
        else:
            moments[moment] = shape
    for shape, why in _ambiguous(moments, observed):
        for moment in [moment for moment, its in moments.items() if its == shape]:
            del moments[moment]
            reasons.append(f"{moment}: {shape} {why}")
    replies = {moment: {reply for _, reply in found[moment]} for moment in moments}
    retried = bool(found["retry"] or lacking["retry"])
    return Inferred(moments, reasons, replies, retried=retried)


def _ambiguous(moments: Mapping[Moment, Shape], observed: Observed) -> Iterator[tuple[Shape, str]]:
    """The commands that settle a job, and that also come when nothing is settled."""
    ends = {moment: shape for moment, shape in moments.items() if moment in _ENDS}
    for shape in dict.fromkeys(ends.values()):
        for job in dict.fromkeys(attempt.job for attempt in observed.attempts):
            mine = [attempt for attempt in observed.attempts if attempt.job == job]
            settled = [a for a in mine if ends.get(_ended(a, observed.attempts)) == shape]
            since_t = min(attempt.end_t for attempt in mine)
            after = (each for each in observed.exchanges if each.t_sent >= since_t)
            times = sum(each.joined(shape) == shape for each, _ in _naming(after, job, observed))
            if times > len(settled):
                yield shape, f"came {times} times for a job with {len(settled)} such ends"
                break


def _ended(attempt: Attempt, attempts: Sequence[Attempt]) -> Moment:
    if attempt.ok:
        return "finish"
    later = any(a.job == attempt.job and a.start_t > attempt.start_t for a in attempts)
    return "retry" if later else "bury"


def _claim(attempt: Attempt, observed: Observed) -> _Write | None:
    """The first write that names or returns the job before it starts."""
    within = (
        exchange
        for exchange in observed.exchanges
        if exchange.process == attempt.process and exchange.t_reply <= attempt.start_t
    )
    return next(_naming(within, attempt.job, observed, replies=True), None)


def _settling(attempt: Attempt, observed: Observed) -> _Write | None:
    """The first write that names the job after its handler's end."""
    after = (
        exchange
        for exchange in observed.exchanges
        if exchange.process == attempt.process and exchange.t_sent >= attempt.end_t
    )
    return next(_naming(after, attempt.job, observed), None)


def _renewals(attempt: Attempt, observed: Observed) -> list[_Write]:
    if attempt.end_t - attempt.start_t < _LONG_NS:
        return []
    during = (
        exchange
        for exchange in observed.exchanges
        if exchange.process == attempt.process
        and attempt.start_t <= exchange.t_sent
        and exchange.t_reply <= attempt.end_t
    )
    seen = [*_naming(during, attempt.job, observed)]
    often = Counter(shape for shape, _ in seen)
    return [(shape, reply) for shape, reply in seen if often[shape] >= _RENEWALS]


def _naming(
    exchanges: Iterable[Exchange], job: str, observed: Observed, *, replies: bool = False
) -> Iterator[_Write]:
    """The writes among these that name a job (or return it), each with its reply."""
    names = observed.names[job]
    for exchange in exchanges:
        if queued(exchange):
            continue
        for argv, reply, executed in parts(exchange):
            said = [*argv, *texts(reply)] if replies else argv
            if writes(argv, observed.writing) and mentions(said, names):
                yield Shape.of(argv, names, executed=executed), told(reply)


def told(reply: object) -> str:
    """A reply as it is compared with others: what varies by its nature is only a type."""
    if isinstance(reply, (bool, int, type(None))) or reply in (b"OK", b"QUEUED"):
        return repr(reply)
    return type(reply).__name__


def _joined(shapes: Iterable[Shape]) -> Shape | None:
    one: Shape | None = None
    for n, shape in enumerate(shapes):
        one = shape if n == 0 else one and one.joined(shape)
        if one is None:
            return None
    return one
