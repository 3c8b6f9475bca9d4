"""A warm server: its children are programs as if they had just been started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chaos.processes import ExitStatus, Forked, PythonProgram, WarmServer

from .children import TIMEOUT_S, eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it signals through pidfds")

#: What a program can tell of its start.
TELLS = """
import json, os, signal, sys
main = sys.modules["__main__"]
told = {
    "argv": sys.argv, "path": sys.path, "cwd": os.getcwd(), "file": main.__file__,
    "package": main.__package__ or "", "name": __name__, "env": dict(os.environ),
    "signals": {n: str(signal.getsignal(n)) for n in signal.valid_signals()},
    "threads": len(os.listdir("/proc/self/task")), "files": len(os.listdir("/proc/self/fd")),
    "same": main.__dict__ is globals(),
}
told["env"].pop("LC_CTYPE", None)
print(json.dumps(told))
"""


@contextmanager
def serving(tmp_path: Path, *modules: str) -> Iterator[WarmServer]:
    """A warm server of this Python that has imported these modules, and the folder's `library`."""
    file = tmp_path / "modules.txt"
    file.write_text("".join(f"{name}\n" for name in modules))
    server = WarmServer(
        [sys.executable], log=tmp_path / "warm.log", environment=environment(), modules=file
    )
    with server:
        yield server


def environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}


def ran(server: WarmServer, words: list[str], cwd: Path, note: Path | None = None) -> ExitStatus:
    """Run a program in a child, in a folder that gets its `log`."""
    forked = Forked("child")
    server.run(forked, words, environment(), log=cwd / "log", cwd=cwd, note=note)
    forked.wait(TIMEOUT_S)
    eventually(lambda: forked.status is not None)
    forked.close()
    assert forked.status is not None
    return forked.status


@pytest.mark.parametrize("words", [["tells.py", "one", "-2"], ["-m", "tells"], ["-m", "package"]])
def test_a_child_starts_as_its_command_would(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "package").mkdir()
    for name in ("tells.py", "package/__init__.py", "package/__main__.py"):
        (tmp_path / name).write_text("" if "__init__" in name else TELLS)
    cold = subprocess.run(
        [sys.executable, *words],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    with serving(tmp_path, "json", "asyncio") as server:
        assert ran(server, words, tmp_path) == ExitStatus(code=0, signal=None)
    assert json.loads((tmp_path / "log").read_text()) == json.loads(cold.stdout)


@pytest.mark.parametrize(
    ("code", "end"),
    [
        ("raise SystemExit(7)", ExitStatus(code=7, signal=None)),
        ("raise ValueError('it broke')", ExitStatus(code=1, signal=None)),
        ("import os; os.kill(os.getpid(), 15)", ExitStatus(code=None, signal=signal.SIGTERM)),
        ("import atexit; atexit.register(print, 'left')", ExitStatus(code=0, signal=None)),
    ],
)
def test_a_child_ends_as_a_program_does(tmp_path: Path, code: str, end: ExitStatus) -> None:
    (tmp_path / "ends.py").write_text(code)
    with serving(tmp_path) as server:
        assert ran(server, ["ends.py"], tmp_path) == end
    said = (tmp_path / "log").read_text()
    assert ("it broke" in said) == ("broke" in code)
    assert ("left" in said) == ("left" in code)


def test_what_a_program_imports_is_noted_and_can_be_imported_before(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("import graphlib")
    (tmp_path / "program.py").write_text("import own, colorsys")
    note = tmp_path / "note"
    with serving(tmp_path) as server:
        ran(server, ["program.py"], tmp_path, note)
    noted = note.read_text().split()
    assert {"own", "colorsys", "graphlib"} <= {*noted}
    with serving(tmp_path, *noted) as server:
        warmth = server.warmth()
        assert warmth is not None
        assert warmth.modules == len(noted) - 1, "a project's own modules are for each process"
        assert not warmth.left


def library(tmp_path: Path, code: str) -> Path:
    """A Python whose environment has a module `library` with this code."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    (site,) = (tmp_path / "env").glob("lib/python*/site-packages")
    (site / "library.py").write_text(code)
    return tmp_path / "env" / "bin" / "python"


@pytest.mark.parametrize(
    ("code", "left"),
    [
        ("import threading, time; threading.Thread(target=time.sleep, args=(60,)).start()", "thre"),
        ("import socket; kept = socket.socket()", "socket:"),
        ("import asyncio; loop = asyncio.new_event_loop()", "anon_inode:[eventpoll]"),
        ("import signal; signal.signal(signal.SIGUSR1, print)", "handler of signal 10"),
        ("import os; read = os.environ.get('REDIS_URL')", ""),
        ("import platform; platform.architecture()", ""),
        ("import os; every = dict(os.environ)  # *", ""),
    ],
)
def test_what_imports_leave_behind_or_read_is_told(tmp_path: Path, code: str, left: str) -> None:
    python = library(tmp_path, code)
    (tmp_path / "modules.txt").write_text("library\n")
    server = WarmServer(
        [str(python)],
        log=tmp_path / "warm.log",
        environment=environment(),
        modules=tmp_path / "modules.txt",
    )
    with server:
        warmth = server.warmth()
    assert warmth is not None
    assert any(each.startswith(left) for each in warmth.left) if left else not warmth.left
    assert ("REDIS_URL" in warmth.read) == ("REDIS_URL" in code)
    assert ("*" in warmth.read) == ("*" in code)


def test_a_server_that_cannot_run_says_nothing(tmp_path: Path) -> None:
    server = WarmServer(["/bin/false"], log=tmp_path / "log", environment=environment())
    with server:
        assert server.warmth() is None


def test_a_program_may_have_pipes(tmp_path: Path) -> None:
    (tmp_path / "echo.py").write_text("import sys\nfor line in sys.stdin: print(line * 2, end='')")
    (theirs, ours), (back, forth) = os.pipe(), os.pipe()
    with serving(tmp_path) as server:
        forked = Forked("child")
        where = {"log": tmp_path / "log", "cwd": tmp_path}
        server.run(forked, ["echo.py"], environment(), **where, fds=(theirs, forth))
        os.close(theirs)
        os.close(forth)
        os.write(ours, b"a line\n")
        os.close(ours)
        with os.fdopen(back, "rb") as answer:
            assert answer.read() == b"a line\na line\n"
        forked.wait(TIMEOUT_S)
        forked.close()


def test_a_python_program_is_known_by_its_command(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/an/environment/bin/python3.12\nimport sys\n")
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\nexec python\n")
    for path in (script, other):
        path.chmod(0o755)
    of = PythonProgram.of
    here = sys.executable
    assert of([str(script), "a"]) == PythonProgram(
        ("/an/environment/bin/python3.12",), (str(script), "a")
    )
    assert of([here, "-u", "f.py", "-x"]) == PythonProgram((here, "-u"), ("f.py", "-x"))
    assert of([here, "-m", "m", "a"]) == PythonProgram((here,), ("-m", "m", "a"))
    for argv in ([str(other)], [here], [here, "-c", "1"], [here, "-X", "dev", "f.py"], ["no-such"]):
        assert of(argv) is None
