"""Starting and ending real child processes, so that none outlives the run.

Three nets, one below the other:

1. `ProcessGroup` ends what it started when its `with` block is left, however it is left.
2. `on_signals` turns SIGTERM, SIGINT and SIGHUP into an exception, so that those blocks are left.
3. On Linux the kernel kills a child when the rig that started it dies without a word (SIGKILL).

Every child leads a process group of its own, so its own children can be reached after it has died.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, NoReturn, Self, TypeVar

import psutil

GRACE_S = 5.0
"""How long a process may take to leave after SIGTERM before it is killed, in seconds."""

KILL_TIMEOUT_S = 10.0
"""How long the kernel may take to carry out SIGKILL or SIGSTOP, in seconds."""

T = TypeVar("T")

PR_SET_PDEATHSIG = 1
FIRST_NAP_S, LONGEST_NAP_S = 0.001, 0.02


class ProcessStillRunning(Exception):
    """A process lived on past the time that it was given."""


class Interrupted(KeyboardInterrupt):
    """A signal asked the rig to leave. `signum` is its number."""

    def __init__(self, signum: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(signum).name}")
        self.signum = signum


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitStatus:
    """How a process ended: exactly one of exit code and signal number is set."""

    code: int | None
    signal: int | None

    @classmethod
    def of(cls, returncode: int) -> Self:
        """Translate `Popen.returncode`, which is the negated signal number after a signal."""
        if returncode < 0:
            return cls(code=None, signal=-returncode)
        return cls(code=returncode, signal=None)


class Process:
    """One child process, and the process group that it leads.

    All methods may be called from several threads at once. Signals are sent under the lock under
    which the child is reaped, so a signal cannot reach a stranger who inherited the process id.
    """

    def __init__(self, popen: subprocess.Popen[bytes], *, name: str, log: Path) -> None:
        self.name = name
        self.log = log
        self.pid = popen.pid
        self._popen = popen
        self._lock = threading.Lock()
        self._group_gone = False

    def __repr__(self) -> str:
        return f"<Process {self.name} pid={self.pid}>"

    def poll(self) -> ExitStatus | None:
        """Reap the process if it has ended. None while it lives."""
        with self._lock:
            return self._poll()

    @property
    def alive(self) -> bool:
        """Whether the process lives; a stopped one does."""
        return self.poll() is None

    def wait(self, timeout_s: float) -> ExitStatus:
        """Wait until the process has ended. Raises ProcessStillRunning."""
        # Polls, because a blocking wait would hold the lock that another thread needs to kill.
        if not _wait_until(lambda: not self.alive, timeout_s):
            raise ProcessStillRunning(f"{self.name} (pid {self.pid}) still ran after {timeout_s} s")
        status = self.poll()
        assert status is not None
        return status

    def signal(self, signum: int) -> bool:
        """Send a signal to this process alone. False if it had ended before."""
        with self._lock:
            if self._poll() is not None:
                return False
            os.kill(self.pid, signum)
            return True

    def kill(self) -> bool:
        """Send SIGKILL to this process alone. False if it had ended before."""
        return self.signal(signal.SIGKILL)

    def pause(self) -> bool:
        """Send SIGSTOP and return when the process stands still. False if it has ended.

        Raises ProcessStillRunning if the kernel does not stop it within KILL_TIMEOUT_S.
        """
        if not self.signal(signal.SIGSTOP):
            return False
        if not _wait_until(lambda: not self.alive or self._stands_still(), KILL_TIMEOUT_S):
            raise ProcessStillRunning(f"{self.name} (pid {self.pid}) did not stop on SIGSTOP")
        return self.alive

    def resume(self) -> bool:
        """Send SIGCONT. False if the process had ended before."""
        return self.signal(signal.SIGCONT)

    def signal_group(self, signum: int) -> bool:
        """Send a signal to the process and its descendants. False if none of them is left.

        A descendant that opened a session of its own is out of reach.
        """
        with self._lock:
            self._poll()
            if self._group_gone:
                return False
            try:
                os.killpg(self.pid, signum)
            except ProcessLookupError:
                self._group_gone = True
            except PermissionError:
                # macOS says so of a group in which only zombies are left.
                return False
            return not self._group_gone

    def group_alive(self) -> bool:
        """Whether the process or a descendant in its group lives. Zombies do not count."""
        if self.alive:
            return True
        return self.signal_group(0) and any(_group_members(self.pid))

    def _poll(self) -> ExitStatus | None:
        known = self._popen.returncode is not None
        returncode = self._popen.poll()
        if returncode is None:
            return None
        if not known:
            # The number of an empty group can be given to a stranger; a group in use keeps it. So
            # look now, and never signal an empty group again.
            with contextlib.suppress(PermissionError):
                try:
                    os.killpg(self.pid, 0)
                except ProcessLookupError:
                    self._group_gone = True
        return ExitStatus.of(returncode)

    def _stands_still(self) -> bool:
        if sys.platform == "linux":
            # /proc shows the first thread only, while others may still be on their way to a halt.
            # The kernel reports the stop to the parent once the last thread has halted.
            with self._lock:
                if self._poll() is not None:
                    return False
                options = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
                return os.waitid(os.P_PID, self.pid, options) is not None
        try:
            return bool(psutil.Process(self.pid).status() == psutil.STATUS_STOPPED)
        except psutil.NoSuchProcess:
            return False


def spawn(
    argv: Sequence[str | os.PathLike[str]],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    name: str | None = None,
    pass_fds: Sequence[int] = (),
    stdin: IO[bytes] | None = None,
) -> Process:
    """Start a child whose output is appended to `log`. Raises OSError if it cannot be started.

    `env` replaces the environment, None hands on the rig's. `pass_fds` stay open in the child.
    Without `stdin` it has nothing to read.
    To be called from the main thread: Linux kills the child when the *thread* that started it ends.
    RuntimeError elsewhere.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("processes are started from the main thread: they die with their thread")
    command = [os.fspath(part) for part in argv]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output, warnings.catch_warnings():
        # Python 3.12 and later warn of `preexec_fn` beside other threads, because it may wait for a
        # lock that one of them held at the fork. Ours makes system calls and takes no lock.
        warnings.simplefilter("ignore", DeprecationWarning)
        popen = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            cwd=cwd,
            start_new_session=True,
            pass_fds=pass_fds,
            preexec_fn=_die_with_parent(),
        )
    return Process(popen, name=name or Path(command[0]).name, log=log)


class ProcessGroup:
    """The processes of a run. Leaving its `with` block ends them all, and their descendants.

    Raises ProcessStillRunning, once everything else has been ended, if something cannot be killed.
    """

    def __init__(self, *, grace_s: float = GRACE_S) -> None:
        self._grace_s = grace_s
        self._processes: list[Process] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()

    def spawn(
        self,
        argv: Sequence[str | os.PathLike[str]],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        name: str | None = None,
        pass_fds: Sequence[int] = (),
    ) -> Process:
        """`spawn` a process that belongs to this group."""
        # A signal between the fork and the list would leave a child that nobody knows.
        with held_back():
            process = spawn(argv, log=log, env=env, cwd=cwd, name=name, pass_fds=pass_fds)
            self._processes.append(process)
        return process

    def add(self, process: Process) -> None:
        """Take over a process that was spawned elsewhere."""
        self._processes.append(process)

    def end(self) -> None:
        """End all of them now. Does nothing when called again."""
        end_processes(self._processes, grace_s=self._grace_s)


def end_processes(processes: Iterable[Process], *, grace_s: float = GRACE_S) -> None:
    """SIGTERM to all process groups, SIGKILL to what is left after `grace_s`, and reap.

    Takes at most `grace_s` + KILL_TIMEOUT_S. Raises ProcessStillRunning for what survived.
    """
    with held_back():
        left = [process for process in processes if process.group_alive()]
        for process in left:
            # A stopped process sees SIGTERM only once it runs again; in this order it wakes to it.
            process.signal_group(signal.SIGTERM)
            process.signal_group(signal.SIGCONT)
        _wait_until(lambda: not any(process.group_alive() for process in left), grace_s)
        for process in left:
            process.signal_group(signal.SIGKILL)
        if not _wait_until(lambda: not any(p.group_alive() for p in left), KILL_TIMEOUT_S):
            names = ", ".join(f"{p.name} (pid {p.pid})" for p in left if p.group_alive())
            raise ProcessStillRunning(f"still there {KILL_TIMEOUT_S} s after SIGKILL: {names}")


def side_by_side(
    starts: Iterable[Callable[[], T]], at_once: int, over: Callable[[T], bool]
) -> Iterator[T]:
    """Start runs in their order, so many at once at most, and yield each when it is over."""
    waiting, running = deque(starts), list[T]()
    while waiting or running:
        while waiting and len(running) < at_once:
            running.append(waiting.popleft()())
        for one in [one for one in running if over(one)]:
            running.remove(one)
            yield one
        time.sleep(LONGEST_NAP_S)


class _Signals:
    """What has come in while `on_signals` is in force."""

    def __init__(self) -> None:
        self.raised = False
        self.holders = 0
        self.pending: int | None = None

    def handle(self, signum: int, _frame: FrameType | None) -> None:
        if self.raised:
            return  # The first one is being carried out: a second must not cut the clean-up short.
        if self.holders:
            self.pending = self.pending or signum
            return
        self.interrupt(signum)

    def interrupt(self, signum: int) -> NoReturn:
        self.raised = True
        raise Interrupted(signum)


_active: list[_Signals] = []


@contextlib.contextmanager
def on_signals() -> Iterator[None]:
    """Within this block SIGTERM, SIGINT and SIGHUP raise one `Interrupted` in the main thread.

    Put it around the blocks that clean up: further signals are ignored until it is left. A signal
    that the rig was started with as ignored (nohup) stays ignored.
    """
    signals = _Signals()
    previous = {}
    _active.append(signals)
    try:
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if signal.getsignal(signum) is not signal.SIG_IGN:
                previous[signum] = signal.signal(signum, signals.handle)
        yield
    finally:
        for signum, handler in previous.items():
            signal.signal(signum, signal.SIG_DFL if handler is None else handler)
        _active.remove(signals)


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """Hold `Interrupted` back until this block ends, for steps that must not be cut in two."""
    if not _active or threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = _active[-1]
    signals.holders += 1
    try:
        yield
    finally:
        signals.holders -= 1
        if not signals.holders and signals.pending is not None and not signals.raised:
            signals.interrupt(signals.pending)


def _die_with_parent() -> Callable[[], None] | None:
    """What a child does between fork and exec so that it cannot outlive the rig; Linux only."""
    if sys.platform != "linux":
        return None
    # Looked up before the fork: loading a library in the child could wait for a lock for ever.
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def prepare() -> None:
        # The kernel keeps this setting over exec, but not over a fork: grandchildren lack it.
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # The rig died before the setting was made.
            os._exit(1)

    return prepare


def _group_members(pgid: int) -> Iterator[int]:
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, PermissionError, psutil.Error):
            if os.getpgid(pid) == pgid and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                yield pid


def _wait_until(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Look until it is so, with growing naps. False when the time is up."""
    deadline = time.monotonic() + timeout_s
    nap_s = FIRST_NAP_S
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(nap_s)
        nap_s = min(nap_s * 1.5, LONGEST_NAP_S)
    return True
