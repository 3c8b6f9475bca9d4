"""The match of a command that a fault waits for."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

_HANDSHAKE = frozenset((b"HELLO", b"AUTH", b"SELECT", b"CLIENT", b"PING", b"COMMAND", b"QUIT"))


class Exec(list[bytes]):
    """The words of an EXEC, with the commands that it executes: those since MULTI."""

    def __init__(self, words: list[bytes], queued: Iterable[list[bytes]]) -> None:
        super().__init__(words)
        self.queued = tuple(queued)


@dataclass(frozen=True, slots=True)
class Match:
    """A predicate on commands, and a short name for them, which reports show."""

    label: str
    test: Callable[[list[bytes]], bool]

    def __call__(self, argv: list[bytes]) -> bool:
        return self.test(argv)


def any_command() -> Match:
    """Every command, a client's handshake included."""
    return Match("any", lambda argv: True)


def data_command() -> Match:
    """Every command but those by which a client sets its connection up or checks it."""
    return Match("data", lambda argv: argv[0].upper() not in _HANDSHAKE)


def command(name: str, *arguments: bytes) -> Match:
    """Commands of this name (in any case) whose first arguments are these."""
    word, count = name.upper().encode(), len(arguments) + 1
    first = list(arguments)
    return Match(name.lower(), lambda argv: argv[0].upper() == word and argv[1:count] == first)


def naming(match: Match, word: str) -> Match:
    """Those of these commands that have this word in an argument."""
    part = word.encode()
    return Match(
        match.label, lambda argv: match(argv) and any(part in each for each in words(argv))
    )


def words(argv: list[bytes]) -> Iterator[bytes]:
    """The words of a command; of an EXEC, of all that it executes."""
    yield from argv
    for queued in argv.queued if isinstance(argv, Exec) else ():
        yield from queued
