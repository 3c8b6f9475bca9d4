"""The program of a warm server: a fork server that any Python from 3.9 on can run.

`python warm_server.py MODULES FD` imports the modules that the file MODULES names, one on each line
(none, if it is empty), and says over the socket FD what came of it. Then it forks a child for each
order, as `chaos.processes.fork_server` does. A child becomes the program of its order as if it had
just been started, with its own arguments, environment, directory and output; only its imports take
no time.

It runs in a queue's own environment, and so it imports what every Python has, and nothing of ours.
`chaos.processes.WarmServer` has the other end of the socket.
"""

from __future__ import annotations

import sys

if sys.path[:1] == [__file__.rpartition("/")[0]]:
    del sys.path[0]  # our folder, whose files have plain names

import ctypes
import gc
import importlib
import importlib.util
import json
import os
import selectors
import signal
import socket
import sysconfig
from types import ModuleType
from typing import Any

_PR_SET_PDEATHSIG = 1
_LONGEST = 1 << 18
#: What forked processes would share: connections, event loops, ways to other processes.
_SHARED = ("socket:", "pipe:", "anon_inode:")
_LIBRARY, _OS = sysconfig.get_path("stdlib") + os.sep, os.__file__
_INSTALLED = ("purelib", "platlib", "stdlib", "platstdlib")
#: This Python looks for modules beside the program that it runs.
_LOOKS_BESIDE = not (sys.flags.isolated or getattr(sys.flags, "safe_path", False))
# Looked up before any fork: loading a library in the child could wait for a lock for ever.
_prctl = ctypes.CDLL(None, use_errno=True).prctl


def main(modules: str, fd: str) -> None:
    """Serve, and in a child be its program."""
    # Whoever gives the orders decides when to leave; Ctrl-C reaches everybody on the terminal.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    orders = socket.socket(fileno=int(fd))
    warm = _warm(modules) if modules else {"modules": 0, "read": [], "left": []}
    _send(orders, warm)
    order = _Server(orders).run()
    if order is not None:
        _become(**order)


# Imports


def _warm(modules: str) -> dict[str, Any]:
    """Import these modules. Tells how many there are, which variables they have read, and what they
    have left that no child may inherit."""
    before = _inheritance()
    with open(modules) as names, _Reads() as reads:
        count = sum(_imported(name.strip()) for name in names)
    left = _inheritance() - before
    return {"modules": count, "read": sorted(reads.names), "left": sorted(left)}


def _imported(name: str) -> bool:
    """Import a module that is installed. A project's own are for each of its processes."""
    if name in sys.modules:
        return True
    try:
        spec = importlib.util.find_spec(name)
        if spec is None or not _is_installed(spec.origin or ""):
            return False
        importlib.import_module(name)
    except Exception:  # noqa: BLE001 - the worker went on without it, too
        return False
    return True


def _is_installed(origin: str) -> bool:
    folders = [sysconfig.get_path(name) + os.sep for name in _INSTALLED]
    return origin in ("built-in", "frozen") or origin.startswith(tuple(folders))


def _inheritance() -> set[str]:
    """What a child would share with this process, or would lack, in words."""
    found = {f"thread {thread}" for thread in os.listdir("/proc/self/task")}
    found |= {f"directory {os.getcwd()}"}
    for signum in signal.valid_signals():
        found.add(f"handler of signal {signum} {signal.getsignal(signum)}")
    for fd in os.listdir("/proc/self/fd"):
        try:
            what = os.readlink(f"/proc/self/fd/{fd}")
        except OSError:  # that of this listing
            continue
        if what.startswith(_SHARED):
            found.add(what)
    return found


class _Reads:
    """Notes which variables are read meanwhile; `*` stands for all."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self._kind: Any = type(os.environ)
        self._get, self._iterate = self._kind.__getitem__, self._kind.__iter__

    def __enter__(self) -> _Reads:
        def get(environ: Any, name: str) -> Any:
            self.names.add(name)
            return self._get(environ, name)

        def iterate(environ: Any) -> Any:
            if not _asked_by_python(sys._getframe(1)):
                self.names.add("*")
            return self._iterate(environ)

        self._kind.__getitem__, self._kind.__iter__ = get, iterate
        return self

    def __exit__(self, *_: object) -> None:
        self._kind.__getitem__, self._kind.__iter__ = self._get, self._iterate


def _asked_by_python(frame: Any) -> bool:
    """True if Python's own library wants all variables, which it hands on to a program."""
    while frame is not None and frame.f_code.co_filename.startswith(("<frozen", _OS)):
        frame = frame.f_back
    return (
        frame is not None
        and frame.f_code.co_filename.startswith(_LIBRARY)
        and ("site-packages" not in frame.f_code.co_filename)
    )


# Children


class _Server:
    """Has one thread, so that a fork is safe, and ends with its socket."""

    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders
        self._selector = selectors.DefaultSelector()
        self._selector.register(orders, selectors.EVENT_READ)

    def run(self) -> dict[str, Any] | None:
        """Fork and reap until the other end is closed: then None. In a child: its order."""
        gc.collect()
        gc.freeze()  # what is shared with the children stays shared
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is not self._orders:
                    self._reap(key.fd, *key.data)
                    continue
                packet, fds, _, _ = socket.recv_fds(self._orders, _LONGEST, 2)
                if not packet:
                    return None
                message = json.loads(packet)
                if not self._fork(message["name"], message["log"], fds):
                    return dict(message["order"])

    def _fork(self, name: str, log: str, fds: list[int]) -> int:
        """Returns twice, as `os.fork` does."""
        sys.stdout.flush()  # or the child would say it again
        sys.stderr.flush()
        parent = os.getpid()
        pid = os.fork()
        if pid:
            # Only this process reaps the child, so its pid is still its own.
            pidfd = os.pidfd_open(pid)
            self._selector.register(pidfd, selectors.EVENT_READ, (name, pid))
            _send(self._orders, {"name": name, "pid": pid}, pidfd)
            for fd in fds:
                os.close(fd)
            return pid
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the setting was made
            os._exit(1)
        for pidfd in [key.fd for key in self._selector.get_map().values()]:
            os.close(pidfd)  # the socket among them
        self._orders.detach()
        self._selector.close()
        _connect(log, fds)
        return 0

    def _reap(self, pidfd: int, name: str, pid: int) -> None:
        self._selector.unregister(pidfd)
        os.close(pidfd)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        end = {"code": None, "signal": -code} if code < 0 else {"code": code, "signal": None}
        _send(self._orders, {"name": name, **end})


def _send(orders: socket.socket, message: dict[str, Any], *fds: int) -> None:
    socket.send_fds(orders, [json.dumps(message).encode()], fds)


def _connect(log: str, fds: list[int]) -> None:
    """Give a child its output, and its input where there are descriptors for both."""
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    if fds:
        os.dup2(fds[0], 0)
    os.dup2(fds[1] if fds else output, 1)
    os.dup2(output, 2)
    for fd in (output, *fds):
        os.close(fd)


# The program of a child


def _become(words: list[str], env: dict[str, str], cwd: str | None, note: str | None) -> None:
    """Run a program, given by the words that follow its Python in a command. The names of the
    modules that it looks for are appended to the file `note`, if there is one."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(env)
    if cwd is not None:
        os.chdir(cwd)
    if note is not None:
        _note_imports(note)
    if words[0] == "-m":
        _run_module(words[1], words[2:])
    else:
        _run_file(words[0], words[1:])


def _run_file(file: str, arguments: list[str]) -> None:
    _look_in(os.path.dirname(os.path.realpath(file)))
    with open(file, "rb") as source:
        code = compile(source.read(), file, "exec")
    main = ModuleType("__main__")
    main.__file__ = os.path.abspath(file)
    _run(code, main, [file, *arguments])


def _run_module(name: str, arguments: list[str]) -> None:
    _look_in(os.getcwd())
    spec = importlib.util.find_spec(name)
    if spec is not None and spec.submodule_search_locations is not None:
        spec = importlib.util.find_spec(f"{name}.__main__")
    if spec is None or spec.origin is None:
        sys.exit(f"No module named {name}")
    loader: Any = spec.loader
    main = ModuleType("__main__")
    main.__spec__, main.__loader__, main.__package__ = spec, loader, spec.parent
    main.__file__ = spec.origin
    _run(loader.get_code(spec.name), main, [spec.origin, *arguments])


def _look_in(folder: str) -> None:
    if _LOOKS_BESIDE:
        sys.path.insert(0, folder)


def _run(code: Any, main: ModuleType, argv: list[str]) -> None:
    sys.modules["__main__"] = main
    sys.argv = argv
    exec(code, main.__dict__)


def _note_imports(note: str) -> None:
    file = os.open(note, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)

    def hook(event: str, arguments: Any) -> None:
        if event == "import":
            os.write(file, arguments[0].encode() + b"\n")

    sys.addaudithook(hook)


if __name__ == "__main__":
    main(*sys.argv[1:])
