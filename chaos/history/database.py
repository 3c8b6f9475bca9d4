"""The database that a history is read into: in memory, as far as there is room for it there."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from chaos.history.problem import HistoryProblem

MEMORY = "CHAOS_JUDGE_MEMORY"
"""The environment variable that says how much memory the database may take."""
USUAL_MEMORY = "1GB"
"""What it takes at most if nothing is said. What is more than that waits in temporary files."""

#: Lines of a history from which on DuckDB's own threads are worth while.
_LONG = 200_000
#: Lines from which on it is worth while to keep the tables in a file. DuckDB compresses them there:
#: an event takes 600 bytes before, nearly all of them for columns that it lacks, and 20 after that.
_HUGE = 1_000_000
#: What the system says where a disk is full, also through DuckDB.
_FULL = os.strerror(errno.ENOSPC)


def memory() -> str:
    """How much memory a database may take, as DuckDB reads it."""
    return os.environ.get(MEMORY, USUAL_MEMORY)


@contextmanager
def open_database(*, lines: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A new database, for a history of so many lines. Its files are gone when it is closed.

    Raises HistoryProblem where the environment names no amount of memory.
    """
    with tempfile.TemporaryDirectory(prefix="chaos-judge-", dir=temporary()) as directory:
        db = _connect(Path(directory), lines)
        try:
            yield db
        finally:
            db.close()


def _connect(directory: Path, lines: int) -> duckdb.DuckDBPyConnection:
    # To share the work of a query on a short history would cost more than that work.
    threads = {"threads": 1} if lines < _LONG else {}
    try:
        return duckdb.connect(
            directory / "history.db" if lines >= _HUGE else ":memory:",
            config={
                **threads,
                # A judge must not reach for the network.
                "autoinstall_known_extensions": "false",
                "temp_directory": str(directory / "spilled"),
                "memory_limit": memory(),
                # Two threads read a file twice as fast if they need not keep its order.
                "preserve_insertion_order": "false",
            },
        )
    except duckdb.ParserException as error:
        raise HistoryProblem(f"{MEMORY} is no amount of memory, as 2GB is: {error}") from error


@contextmanager
def enough_room() -> Iterator[None]:
    """Raises HistoryProblem where work in this block needs more memory than it may take, or where
    there is no room for its temporary files."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        why = f"the history needs more memory than {MEMORY} allows, {memory()}: {error}"
        raise HistoryProblem(why) from error
    except (duckdb.Error, OSError) as error:
        if _FULL not in str(error):
            raise
        why = f"there is no room in {temporary()} for the judge's temporary files (TMPDIR): {error}"
        raise HistoryProblem(why) from error


def temporary() -> Path:
    """A directory for temporary files that DuckDB can read."""
    given = Path(tempfile.gettempdir())
    return Path("/tmp") if is_pattern(given) else given


def is_pattern(path: Path) -> bool:
    """True if DuckDB would take this path for a pattern."""
    return bool(set("*?[]") & set(str(path)))
