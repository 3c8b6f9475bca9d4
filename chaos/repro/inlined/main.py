"""The program that a script is."""

from __future__ import annotations

import argparse
import platform
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from chaos.repro.inlined.processes import adopt_orphans, end_all
from chaos.repro.inlined.server import CannotTry, Server
from chaos.repro.inlined.stage import Case, Queue, Stage, say

#: Exit codes.
_SEEN_AGAIN, _NOT_SEEN, _NOT_TRIED = 1, 0, 2


def main(play: Callable[[Stage], None], queue: Queue, case: Case, meaning: str) -> int:
    """Play, and say whether the finding was seen again. Leaves nothing behind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--redis", metavar="URL", help="an empty database, in place of a server of its own"
    )
    url = parser.parse_args().redis
    signal.signal(signal.SIGTERM, _interrupted)
    adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="repro-") as scratch:
        try:
            return _tried(play, queue, case, meaning, url, Path(scratch))
        except CannotTry as problem:
            print(f"NOT TRIED: {problem}")
            return _NOT_TRIED
        except Exception as problem:  # noqa: BLE001 - a traceback's exit code would say "seen"
            print(f"NOT TRIED: the script itself failed: {problem!r}")
            return _NOT_TRIED
        finally:
            end_all()


def _tried(
    play: Callable[[Stage], None],
    queue: Queue,
    case: Case,
    meaning: str,
    url: str | None,
    directory: Path,
) -> int:
    if platform.system() != "Linux":
        raise CannotTry("this script finds processes in /proc, so it needs Linux")
    if url is not None and case.needs_server:
        raise CannotTry("the server gets into trouble here, so it has to be the script's own")
    server = Server(url, directory / "server")
    server.start()
    try:
        say("script", f"{server.version()}, Python {platform.python_version()}")
        stage = Stage(queue, case, server, directory)
        play(stage)
        stage.fresh()
        say("script", f"left in Redis: {', '.join(stage.left()) or 'nothing'}")
        seen = case.fate in stage.fates()
    finally:
        end_all()
        server.clean()
    print(f"{'SEEN AGAIN' if seen else 'NOT SEEN'}: {meaning}")
    return _SEEN_AGAIN if seen else _NOT_SEEN


def _interrupted(number: int, _: object) -> NoReturn:
    raise SystemExit(128 + number)
