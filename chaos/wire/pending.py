"""The matching of replies with commands on one connection.

A server answers in the order of the commands, with these exceptions: RESP3 pushes and pub/sub
messages answer nothing, and a (un)subscribe command is answered once for each of its channels.
"""

from collections import deque
from dataclasses import dataclass, field

from chaos.faults import Exec, Injection
from chaos.wire.resp import Attributed, Push, Value

_MESSAGES = frozenset((b"message", b"pmessage", b"smessage"))
_SUBSCRIBE = frozenset((b"subscribe", b"psubscribe", b"ssubscribe"))
_CONFIRMATIONS = _SUBSCRIBE | {b"unsubscribe", b"punsubscribe", b"sunsubscribe"}
_MULTI = frozenset((b"MULTI", b"multi", b"Multi"))
_BLOCKING = frozenset(
    (
        b"BLPOP", b"BRPOP", b"BLMOVE", b"BRPOPLPUSH", b"BLMPOP",
        b"BZPOPMIN", b"BZPOPMAX", b"BZMPOP", b"WAIT", b"WAITAOF",
    )
)  # fmt: skip


@dataclass(slots=True)
class Sent:
    """A command on its way, and the faults that wait for its reply."""

    argv: list[bytes]
    t_sent: int
    injections: tuple[Injection, ...] = ()
    injected: bytes | None = None
    """The reply that the proxy made up; the server has not seen this command."""
    reply: Value = None
    """The server's reply, where a fault waits for it."""
    confirmations: int = field(default=0)
    """The channels of an (un)subscribe that have yet to be confirmed; 0: none seen yet."""

    def blocks(self) -> bool:
        """True if the server may wait with the reply for as long as the client is there."""
        word = self.argv[0].upper()
        if word in (b"XREAD", b"XREADGROUP"):
            return any(arg.upper() == b"BLOCK" for arg in self.argv[1:])
        return word in _BLOCKING


class PendingReplies:
    """The commands of one connection that have not been answered yet."""

    def __init__(self) -> None:
        self.in_flight: deque[Sent] = deque()
        self._channels: dict[bytes, set[bytes]] = {kind: set() for kind in _SUBSCRIBE}

    @property
    def at_server(self) -> bool:
        """True if the server owes a reply."""
        return any(sent.injected is None for sent in self.in_flight)

    def answered(self, value: Value) -> Sent | None:
        """The command that this frame answers in full, or None: it is a message, or one more
        confirmation will follow, or nobody asked."""
        if isinstance(value, Attributed):
            value = value.value
        items = value.items if isinstance(value, Push) else value
        if isinstance(items, list):
            kind = items[0] if items and isinstance(items[0], bytes) else b""
            if kind in _CONFIRMATIONS and self._is_pubsub(value, kind):
                return self._confirmed(kind, items)
            if isinstance(value, Push) or (kind in _MESSAGES and any(self._channels.values())):
                return None
        if not self.in_flight:
            return None
        sent = self.in_flight.popleft()
        if sent.argv[0].upper() == b"RESET":
            for channels in self._channels.values():
                channels.clear()
        return sent

    def _is_pubsub(self, value: Value, kind: bytes) -> bool:
        """An ordinary array may begin with the word `subscribe` too."""
        return (
            isinstance(value, Push)
            or any(self._channels.values())
            or (bool(self.in_flight) and self.in_flight[0].argv[0].lower() == kind)
        )

    def _confirmed(self, kind: bytes, items: list[Value]) -> Sent | None:
        head = self.in_flight[0] if self.in_flight else None
        channels = self._channels[_base(kind)]
        asked = head is not None and head.argv[0].lower() == kind
        if head is not None and asked and not head.confirmations:
            # Without arguments it is answered once for each channel there is, at least once.
            # Only now is it certain how many there are: all earlier commands have been answered.
            head.confirmations = len(head.argv) - 1 or max(1, len(channels))
        name = items[1] if len(items) > 1 else None
        if isinstance(name, bytes):
            (channels.add if kind in _SUBSCRIBE else channels.discard)(name)
        if head is None or not asked:
            return None  # the server's own: it moved a slot away
        head.confirmations -= 1
        return None if head.confirmations else self.in_flight.popleft()


def _base(kind: bytes) -> bytes:
    """The subscribing word of a kind: `punsubscribe` -> `psubscribe`."""
    return kind.replace(b"unsubscribe", b"subscribe")


class Transaction:
    """The commands of one connection since MULTI, if it has sent one."""

    def __init__(self) -> None:
        self._queued: list[list[bytes]] | None = None

    def seen(self, argv: list[bytes]) -> list[bytes]:
        """The command, which an EXEC is with all that it executes."""
        if self._queued is None and argv[0] not in _MULTI:
            return argv
        match argv[0].upper():
            case b"MULTI":
                self._queued = []
            case b"EXEC":
                argv, self._queued = Exec(argv, self._queued or ()), None
            case b"DISCARD" | b"RESET":
                self._queued = None
            case _ if self._queued is not None:
                self._queued.append(argv)
        return argv


def refusal(argv: list[bytes]) -> bytes | None:
    """The error for a command whose replies cannot be told apart from others', or None."""
    word = argv[0].upper()
    if word in (b"MONITOR", b"SYNC", b"PSYNC"):
        return b"-ERR wire proxy: %b is not supported\r\n" % word
    if word == b"CLIENT" and len(argv) > 2 and argv[1].upper() == b"REPLY":
        mode = argv[2].upper()
        if mode in (b"OFF", b"SKIP"):
            return b"-ERR wire proxy: CLIENT REPLY %b is not supported\r\n" % mode
    return None
