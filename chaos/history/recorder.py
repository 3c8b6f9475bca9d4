"""Writes a history: one JSON line and one system call for each event."""

from __future__ import annotations

import errno
import json
import os
import stat
import threading
import time
from pathlib import Path

from chaos.history.event import Event
from chaos.history.problem import HistoryProblem

_encode = json.JSONEncoder(
    ensure_ascii=True, allow_nan=False, check_circular=False, separators=(",", ":")
).encode


class Recorder:
    """Appends the events of one process to one file.

    A line is one `write` to an O_APPEND descriptor, which the kernel appends whole: processes may
    share a file, and SIGKILL loses nothing that was written. There is no buffer to flush.

    The file appears with its first event, so an empty history file always means lost evidence. Each
    process numbers its lines, so that a line that is gone later is missed. A file has one recorder
    in each process, or its numbers would begin anew.
    """

    def __init__(self, path: Path, process: str) -> None:
        """Record to `path`, whose directory is made if need be, in the name of `process`."""
        self.path = path
        self.process = process
        self._descriptors: dict[str, int] = {}
        self._counts: dict[int, _Count] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HistoryProblem(f"cannot make the history directory {path.parent}: {error}") from (
                error
            )

    def write(
        self,
        event: Event,
        /,
        *,
        t: int | None = None,
        process: str | None = None,
        pid: int | None = None,
    ) -> None:
        """Append one event, stamped with its number, time, process and pid.

        `t` is in ns of `time.monotonic_ns()`; now by default. `process` replaces the recorder's own
        name, and `pid` this process's: who sees what another process does writes on its behalf.
        Raises HistoryProblem when the line cannot be stored.
        """
        # Asked every time: after a fork this is the child's.
        pid = pid or os.getpid()
        line = {
            "n": 0,
            "t": time.monotonic_ns() if t is None else t,
            "process": process or self.process,
            "pid": pid,
            **event.to_json(),
        }
        # By pid: a child counts for itself, and must not wait for a lock that was held in the fork.
        count = self._counts.get(pid) or self._counts.setdefault(pid, _Count())
        # No line may overtake one with a smaller number, or SIGKILL could leave a gap.
        with count.lock:
            count.n += 1
            line["n"] = count.n
            self._append((_encode(line) + "\n").encode("ascii"))

    def close(self) -> None:
        """Close the file. A later `write` opens it again."""
        descriptor = self._descriptors.pop("file", None)
        if descriptor is not None:
            os.close(descriptor)

    def _append(self, line: bytes) -> None:
        try:
            descriptor = self._descriptors.get("file")
            if descriptor is None:
                descriptor = self._open()
            written = os.write(descriptor, line)
            if written < len(line):
                # A regular file takes less than it is given only when space ends. The rest
                # then fails with the reason; the reader finds the torn line either way.
                os.write(descriptor, line[written:])
        except OSError as error:
            if error.errno == errno.ENOSPC:
                message = f"the disk is full: an event of {self.process} is missing in {self.path}"
            else:
                message = f"cannot write to the history file {self.path}: {error}"
            raise HistoryProblem(message) from error

    def _open(self) -> int:
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        # Two threads may both come here first; setdefault is atomic, and the loser closes its own.
        kept = self._descriptors.setdefault("file", descriptor)
        if kept != descriptor:
            os.close(descriptor)
        else:
            _end_cut_line(descriptor)
        return kept


class _Count:
    """The lines that one process has written."""

    def __init__(self) -> None:
        self.n = 0
        # A signal's handler may write while its own thread does.
        self.lock = threading.RLock()


def _end_cut_line(descriptor: int) -> None:
    """An earlier process of this name may have been killed in the middle of its last line."""
    info = os.fstat(descriptor)
    regular = stat.S_ISREG(info.st_mode) and info.st_size > 0
    if regular and os.pread(descriptor, 1, info.st_size - 1) != b"\n":
        os.write(descriptor, b"\n")
