"""The output of the rig's programs, whoever reads it: a terminal, a file, or a closed pipe.

The exit code is the verdict's. So a program goes on when nobody listens any longer (`… | head -1`),
prints what the output's encoding lacks as `\\udcff`, and takes no text for markup.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import select
import sys
from typing import IO, Any, cast

from rich.console import Console

#: Nobody listens, and nobody needs to be told: a closed pipe or socket, a terminal that is gone.
_GONE = (errno.EPIPE, errno.ECONNRESET, errno.EIO)
_STDERR = 2


def console(*, stderr: bool = False, width: int | None = None) -> Console:
    """A console on which text is text: nothing in a path or an id is markup, or an emoji."""
    return Console(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)


def harden() -> None:
    """Let stdout and stderr of this process never raise. Once, before anything is printed."""
    sys.stdout = _hardened(sys.stdout)
    sys.stderr = _hardened(sys.stderr)


class _Output(io.RawIOBase):
    """A descriptor of which nobody need be left to read."""

    def __init__(self, fd: int, before: object) -> None:
        self._fd = fd
        self._before = before  # with its last reference it would close the descriptor

    def fileno(self) -> int:
        return self._fd

    def isatty(self) -> bool:
        return os.isatty(self._fd)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        whole = left = memoryview(data).cast("B")
        while left:
            try:
                left = left[os.write(self._fd, left) :]
            except BlockingIOError:  # a pipe that its other users want so
                select.select([], [self._fd], [])
            except OSError as error:
                self._give_up(error)
                break
        return len(whole)

    def _give_up(self, error: OSError) -> None:
        """Send everything that this descriptor gets from now on nowhere."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._fd)
        os.close(nowhere)
        if error.errno not in _GONE and self._fd != _STDERR:
            with contextlib.suppress(OSError):
                said = f"error: the rest of the output is lost ({error.strerror})\n"
                os.write(_STDERR, said.encode())


def _hardened(stream: Any) -> IO[str]:
    """The same stream, but for errors. One that is no descriptor's is left as it is."""
    try:
        fd = stream.fileno()
        stream.flush()
    except (AttributeError, OSError, ValueError):  # there is none, or it is a test's
        return cast(IO[str], stream)
    raw = _Output(fd, stream)
    through = bool(getattr(stream, "write_through", False))
    return io.TextIOWrapper(
        cast(IO[bytes], raw if through else io.BufferedWriter(raw)),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=through,
    )
