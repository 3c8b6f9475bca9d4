"""The matching of replies and commands, when a server sends more than answers."""

import pytest

from chaos.wire.pending import PendingReplies, Sent
from chaos.wire.resp import Push, Value

Kind = type[Push] | type[list[Value]]


@pytest.fixture(params=[list, Push], ids=["RESP2", "RESP3"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """The type in which messages and confirmations are sent."""
    found: Kind = request.param
    return found


def pending_of(*commands: bytes) -> PendingReplies:
    pending = PendingReplies()
    send(pending, *commands)
    return pending


def send(pending: PendingReplies, *commands: bytes) -> None:
    pending.in_flight.extend(Sent(command.split(), 0) for command in commands)


def answered(pending: PendingReplies, value: Value) -> bytes | None:
    """The command that the value answers."""
    sent = pending.answered(value)
    return None if sent is None else b" ".join(sent.argv)


def test_messages_answer_nothing(kind: Kind) -> None:
    pending = pending_of(b"SUBSCRIBE c", b"PING")
    assert answered(pending, kind([b"subscribe", b"c", 1])) == b"SUBSCRIBE c"
    assert answered(pending, kind([b"message", b"c", b"x"])) is None
    assert answered(pending, [b"pong", b""]) == b"PING"
    assert answered(pending, kind([b"message", b"c", b"x"])) is None


def test_the_last_confirmation_answers(kind: Kind) -> None:
    pending = pending_of(b"SUBSCRIBE a b", b"SUBSCRIBE c", b"UNSUBSCRIBE")
    assert answered(pending, kind([b"subscribe", b"a", 1])) is None
    assert answered(pending, kind([b"subscribe", b"b", 2])) == b"SUBSCRIBE a b"
    assert answered(pending, kind([b"subscribe", b"c", 3])) == b"SUBSCRIBE c"
    for channel in (b"a", b"b"):
        assert answered(pending, kind([b"unsubscribe", channel, 0])) is None
    assert answered(pending, kind([b"unsubscribe", b"c", 0])) == b"UNSUBSCRIBE"
    send(pending, b"UNSUBSCRIBE")
    assert answered(pending, kind([b"unsubscribe", None, 0])) == b"UNSUBSCRIBE"


def test_an_array_that_looks_like_a_message_answers_who_has_not_subscribed() -> None:
    pending = pending_of(b"LRANGE list 0 -1", b"LRANGE list 0 -1")
    assert answered(pending, [b"message", b"c", b"x"]) == b"LRANGE list 0 -1"
    assert answered(pending, [b"subscribe", b"c", 1]) == b"LRANGE list 0 -1"


def test_pushes_answer_nothing_even_if_somebody_waits() -> None:
    pending = pending_of(b"GET a")
    assert answered(pending, Push([b"invalidate", [b"a"]])) is None
    assert answered(pending, b"x") == b"GET a"


def test_a_reset_ends_all_subscriptions() -> None:
    pending = pending_of(b"SUBSCRIBE c", b"RESET", b"LRANGE list 0 -1")
    answered(pending, [b"subscribe", b"c", 1])
    assert answered(pending, b"RESET") == b"RESET"
    assert answered(pending, [b"message", b"c", b"x"]) == b"LRANGE list 0 -1"


@pytest.mark.parametrize(
    ("command", "blocks"),
    [
        (b"BLPOP list 0", True),
        (b"xread block 0 STREAMS s $", True),
        (b"XREAD STREAMS s $", False),
        (b"LPOP list", False),
    ],
)
def test_commands_that_block_are_known(command: bytes, blocks: bool) -> None:
    assert Sent(command.split(), 0).blocks() == blocks
