"""The `Wire` of a queue whose commands were inferred."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping

from chaos.history.events import Answer, Transition
from chaos.inference.moments import MOMENTS, Inferred, Moment, told
from chaos.inference.steps import entries, ids_in, job_in, parts, queued, texts
from chaos.targets import Wire
from chaos.wire import Exchange, NoReply
from chaos.wire.resp import RespError, Value

#: A longer text is no id, and may hold several.
_ID = 64
Outcome = Callable[[str, str], str | None]
"""How the handler of a job ended last in a process, where that is known."""


def wire_of(inferred: Inferred, names: MutableMapping[bytes, str], outcome: Outcome) -> Wire:
    """The wire by what was inferred. `names` are the names that jobs have there, with the rig's id
    of each; it may grow meanwhile."""
    return Wire(
        moments={moment: shape.match() for moment, shape in inferred.moments.items()},
        decoder=lambda _: Reader(inferred, names, outcome),
    )


class Reader:
    """Tells what a command did to a job."""

    def __init__(
        self, inferred: Inferred, names: MutableMapping[bytes, str], outcome: Outcome
    ) -> None:
        self._inferred = inferred
        self._names = names
        self._outcome = outcome

    def __call__(self, exchange: Exchange) -> Iterator[Transition]:
        if queued(exchange):
            return
        self._learn(exchange)
        for argv, reply, executed in parts(exchange):
            meant = [
                moment
                for moment in MOMENTS
                if (shape := self._inferred.moments.get(moment))
                and shape.executed == executed
                and shape.is_of(argv)
            ]
            job = job_in([*argv[1:], *texts(reply)], self._names) if meant else None
            op = self._meant(meant, job, exchange.process) if job else None
            if op is not None and (op != "claim" or not _empty(reply)):
                yield Transition(op=op, job=job, answer=self._answer(op, reply))

    def _learn(self, exchange: Exchange) -> None:
        """An entry of a stream has an id of its own, by which it is acknowledged; and so may a job
        have another within what a claim returns."""
        if exchange.argv[0].upper().startswith(b"X"):
            for entry, fields in entries(exchange.reply):
                if (job := job_in(fields, self._names)) is not None:
                    self._names[entry] = job
        claim = self._inferred.moments.get("claim")
        if claim is not None and claim.meets(exchange.argv):
            for text in texts(exchange.reply):
                if len(text) > _ID and (job := job_in([text], self._names)) is not None:
                    self._names.update(dict.fromkeys(ids_in(text) - self._names.keys(), job))

    def _meant(self, moments: list[Moment], job: str, process: str) -> Moment | None:
        """The one that it is of several: the handler's end tells whether a job has succeeded."""
        ends = {"finish", "retry", "bury"}
        if len(moments) > 1 and ends.issuperset(moments):
            outcome = self._outcome(job, process)
            succeeded = [m for m in moments if (m == "finish") == (outcome == "ok")]
            moments = succeeded if outcome else []
        return moments[0] if len(moments) == 1 else None

    def _answer(self, moment: Moment, reply: Value | NoReply) -> Answer | None:
        """Accepted, if the answer is one that was seen where it was; nobody knows what another
        one means."""
        seen = self._inferred.replies.get(moment)
        if seen is None:  # nobody has looked: only what says no by its nature may be a refusal
            return None if isinstance(reply, NoReply | RespError) or not reply else "ok"
        return "ok" if told(reply) in seen else None


def _empty(reply: Value | NoReply) -> bool:
    """True if a claim has found nothing."""
    return reply is None or reply == [] or reply == 0
