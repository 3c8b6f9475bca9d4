"""Which reply answers which command, where a server sends more than answers."""

import pytest

from chaos.wire.pending import Ledger, Sent
from chaos.wire.resp import Push, Value

Kind = type[Push] | type[list[Value]]


@pytest.fixture(params=[list, Push], ids=["RESP2", "RESP3"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """What messages and confirmations are sent as."""
    found: Kind = request.param
    return found


def ledger_of(*commands: bytes) -> Ledger:
    ledger = Ledger()
    send(ledger, *commands)
    return ledger


def send(ledger: Ledger, *commands: bytes) -> None:
    ledger.in_flight.extend(Sent(command.split(), 0) for command in commands)


def answered(ledger: Ledger, value: Value) -> bytes | None:
    """The command that the value answers."""
    sent = ledger.answered(value)
    return None if sent is None else b" ".join(sent.argv)


def test_messages_answer_nothing(kind: Kind) -> None:
    ledger = ledger_of(b"SUBSCRIBE c", b"PING")
    assert answered(ledger, kind([b"subscribe", b"c", 1])) == b"SUBSCRIBE c"
    assert answered(ledger, kind([b"message", b"c", b"x"])) is None
    assert answered(ledger, [b"pong", b""]) == b"PING"
    assert answered(ledger, kind([b"message", b"c", b"x"])) is None


def test_the_last_confirmation_answers(kind: Kind) -> None:
    ledger = ledger_of(b"SUBSCRIBE a b", b"SUBSCRIBE c", b"UNSUBSCRIBE")
    assert answered(ledger, kind([b"subscribe", b"a", 1])) is None
    assert answered(ledger, kind([b"subscribe", b"b", 2])) == b"SUBSCRIBE a b"
    assert answered(ledger, kind([b"subscribe", b"c", 3])) == b"SUBSCRIBE c"
    for channel in (b"a", b"b"):
        assert answered(ledger, kind([b"unsubscribe", channel, 0])) is None
    assert answered(ledger, kind([b"unsubscribe", b"c", 0])) == b"UNSUBSCRIBE"
    send(ledger, b"UNSUBSCRIBE")
    assert answered(ledger, kind([b"unsubscribe", None, 0])) == b"UNSUBSCRIBE"


def test_an_array_that_looks_like_a_message_answers_who_has_not_subscribed() -> None:
    ledger = ledger_of(b"LRANGE list 0 -1", b"LRANGE list 0 -1")
    assert answered(ledger, [b"message", b"c", b"x"]) == b"LRANGE list 0 -1"
    assert answered(ledger, [b"subscribe", b"c", 1]) == b"LRANGE list 0 -1"


def test_pushes_answer_nothing_even_if_somebody_waits() -> None:
    ledger = ledger_of(b"GET a")
    assert answered(ledger, Push([b"invalidate", [b"a"]])) is None
    assert answered(ledger, b"x") == b"GET a"


def test_a_reset_ends_all_subscriptions() -> None:
    ledger = ledger_of(b"SUBSCRIBE c", b"RESET", b"LRANGE list 0 -1")
    answered(ledger, [b"subscribe", b"c", 1])
    assert answered(ledger, b"RESET") == b"RESET"
    assert answered(ledger, [b"message", b"c", b"x"]) == b"LRANGE list 0 -1"


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
