"""A fork server in another environment, whose children are programs of that environment."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from chaos.processes import warm_server
from chaos.processes.forked import BaseForkServer, Forked

#: Limit for a server to import what its children need.
_IMPORT_S = 60.0
_PYTHON = re.compile(r"python(3(\.\d+)?)?")
#: The first line of a console script.
_SCRIPT = re.compile(rb"#! ?(/\S*/python(?:3(?:\.\d+)?)?)\s")


@dataclass(frozen=True, slots=True)
class PythonProgram:
    """A command that a Python runs."""

    #: Its path, and its own options.
    python: tuple[str, ...]
    #: A file or `-m MODULE`, and the arguments.
    words: tuple[str, ...]

    @classmethod
    def of(cls, argv: Sequence[str], path: str | None = None) -> Self | None:
        """The Python program that a command starts; None if it starts another, or nobody can tell.
        `path` is the variable by which it is looked for."""
        if (found := shutil.which(argv[0], path=path)) is None:
            return None
        if not _PYTHON.fullmatch(Path(found).name):
            with Path(found).open("rb") as file:
                python = _SCRIPT.match(file.read(512))
            return cls((python[1].decode(),), (found, *argv[1:])) if python else None
        count = next((n for n, word in enumerate(argv) if n and not _is_option(word)), len(argv))
        words = argv[count:]
        if not words or (words[0].startswith("-") and (words[0] != "-m" or len(words) < 2)):
            return None
        return cls((found, *argv[1:count]), tuple(words))


def _is_option(word: str) -> bool:
    """True for options of Python that stand alone and change nothing but how it runs."""
    return re.fullmatch(r"-[bBEIOPsSu]+", word) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Warmth:
    """How a warm server has begun."""

    #: The number of modules that it has imported.
    modules: int
    #: The variables that they have read meanwhile; `*` stands for all.
    read: frozenset[str]
    #: What they have left and no child may inherit: threads, connections, handlers of signals.
    left: tuple[str, ...]


class WarmServer(BaseForkServer):
    """A fork server for Python programs of any environment, which need not know of this one.

    The program is `chaos.processes.warm_server`; `modules` is a file of what it imports first.
    """

    def __init__(
        self,
        python: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str],
        modules: Path | None = None,
    ) -> None:
        first = "" if modules is None else str(modules.absolute())
        command = [*python, warm_server.__file__, first]
        super().__init__(command, log=log, environment=environment)
        self._ready: Future[dict[str, Any]] = Future()

    def warmth(self) -> Warmth | None:
        """How it has begun, when it has; None if it could not begin."""
        with suppress(TookTooLong):
            if told := self._ready.result(_IMPORT_S):
                return Warmth(
                    modules=told["modules"], read=frozenset(told["read"]), left=(*told["left"],)
                )
        return None

    def run(
        self,
        forked: Forked,
        words: Sequence[str],
        environment: Mapping[str, str],
        *,
        log: Path,
        cwd: Path | None = None,
        note: Path | None = None,
        fds: Sequence[int] = (),
    ) -> None:
        """Let a program begin, given by the words that follow its Python in a command. The modules
        that it looks for are appended to the file `note`; `fds` are its input and output. Raises
        ForkServerGone."""
        order = {
            "words": [*words],
            "env": {**environment},
            "cwd": str(cwd) if cwd is not None else None,
            "note": str(note.absolute()) if note is not None else None,
        }
        self.fork(forked, order, log=log.absolute(), fds=fds)

    def _on_ready(self, told: dict[str, Any]) -> None:
        if not self._ready.done():
            self._ready.set_result(told)
