"""From a clean enqueue to the command that makes it true: the last write, before the producer has
its answer, that names the job or carries its text."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from chaos.faults import Match
from chaos.inference.steps import Shape, mentions, parts, queued, writes
from chaos.wire import Exchange, NoReply
from chaos.wire.resp import RespError


@dataclass(frozen=True, slots=True)
class Storing:
    """The command of an enqueue that makes it true: the `nth` that matches, of that enqueue."""

    match: Match
    nth: int


def storing(
    exchanges: Sequence[Exchange], names: Collection[bytes], writing: Collection[bytes]
) -> Storing | None:
    """Find it among the commands of one enqueue, in their order. None where no write has one of
    the job's names. `writing` has the commands that write, by the server's own account."""
    for place in reversed(range(len(exchanges))):
        exchange = exchanges[place]
        if queued(exchange) or isinstance(exchange.reply, NoReply | RespError):
            continue
        for argv, _, executed in parts(exchange):
            if writes(argv, writing) and mentions(argv, names):
                match = Shape.of(argv, names, executed=executed).match()
                return Storing(match, sum(match(each.argv) for each in exchanges[: place + 1]))
    return None
