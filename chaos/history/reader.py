"""Reads a history: checks every line, and puts them all into one DuckDB table."""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb

from chaos.history.problem import HistoryProblem
from chaos.history.schema import COLUMNS, complaint_sql
from chaos.history.torn import salvage

_BLOCK = 1 << 20
#: The beginning of a JSON value that a column takes as it is.
_PLAIN = {"BIGINT": rb"-?\d+\s*[,}]", "VARCHAR": rb'"', "BOOLEAN": rb"(?:true|false)\b"}


def _unlike(kind: str) -> bytes:
    """A pattern for a column of this type that has another value. DuckDB would cast it: it reads
    "5" as 5, 5 as "5" and 1.5 as 2."""
    names = "|".join(name for name, its in COLUMNS.items() if its == kind).encode()
    return rb'"(?:%b)"\s*:\s*(?!\s|null\b|%b)' % (names, _PLAIN[kind])


_NOT_PLAIN = re.compile(b"|".join(map(_unlike, _PLAIN)))


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One run's evidence.

    `db` is an in-memory database whose table `events` has the columns of `schema.COLUMNS` and
    `file`; only well-formed events are in it. `run` is run.json ({} when unreadable). `problems`
    are sentences about evidence that is missing or unreadable. `intact` is False when events may
    be missing that a living process had written, so that their absence proves nothing.
    """

    db: duckdb.DuckDBPyConnection
    run: dict[str, Any]
    problems: tuple[str, ...]
    intact: bool

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.db.close()


def read_history(run_dir: Path) -> History:
    """Load a run directory. Close the result, or use it in a `with` statement.

    Raises HistoryProblem when `run_dir` is no directory; whatever else is wrong with it is told
    in `problems`.
    """
    if not run_dir.is_dir():
        raise HistoryProblem(f"{run_dir} is not a run directory")
    run, problems = _read_run(run_dir / "run.json")
    files = sorted(path for path in (run_dir / "history").glob("*.jsonl") if path.is_file())
    db = duckdb.connect(
        config={
            # A judge must not reach for the network, nor leave a .tmp in the working directory.
            "autoinstall_known_extensions": "false",
            "temp_directory": str(_temp() / "chaos-duckdb"),
        }
    )
    try:
        damage = [] if files else [f"there is no history file in {run_dir / 'history'}"]
        damage += _load(db, files)
        damage += _drop_malformed(db)
    except BaseException:
        db.close()
        raise
    return History(db=db, run=run, problems=(*problems, *damage), intact=not damage)


def _read_run(path: Path) -> tuple[dict[str, Any], list[str]]:
    try:
        run = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}, ["run.json is missing"]
    except (OSError, ValueError) as error:
        return {}, [f"run.json cannot be read: {error}"]
    if not isinstance(run, dict) or not run:
        return {}, ["run.json is not a JSON object, or says nothing"]
    return run, []


def _load(db: duckdb.DuckDBPyConnection, files: list[Path]) -> list[str]:
    """Fill `events`. The fast way is DuckDB's own reader, which accepts no malformed line. It is
    checked that it leaves none out, and has nothing to cast."""
    columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
    db.execute(f"CREATE TABLE events ({columns}, file VARCHAR)")
    lines = [_plain_lines(path) for path in files]
    if files and all(lines) and not any(_is_pattern(path) for path in files):
        with contextlib.suppress(duckdb.Error):
            if _insert(db, files) == sum(lines):
                return []
        db.execute("DELETE FROM events")
    with tempfile.TemporaryDirectory(prefix="chaos-history-", dir=_temp()) as directory:
        copies, problems = salvage(files, Path(directory))
        if copies:
            _insert(db, copies)
    return problems


def _plain_lines(path: Path) -> int:
    """The number of lines of a file; 0 if it cannot be read, if the last of them does not end, or
    if one has to be looked at more closely: it is very long, or a known field may be of another
    type."""
    lines, rest = 0, b""
    with contextlib.suppress(OSError), path.open("rb") as file:
        while block := file.read(_BLOCK):
            whole, newline, rest = (rest + block).rpartition(b"\n")
            if not newline or _NOT_PLAIN.search(whole):
                return 0
            lines += whole.count(b"\n") + 1
    return 0 if rest else lines


def _insert(db: duckdb.DuckDBPyConnection, files: list[Path]) -> int:
    """Read these files; how many events there were."""
    spec = ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items())
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    done = db.execute(
        f"INSERT INTO events SELECT {names}, parse_filename(filename) FROM read_json("
        f"?, format = 'newline_delimited', columns = {{{spec}}}, filename = true,"
        # Or a directory `job=7` would be the value of each event's column `job`.
        " hive_partitioning = false)",
        [[str(path) for path in files]],
    ).fetchone()
    assert done is not None
    return int(done[0])


def _is_pattern(path: Path) -> bool:
    """True if DuckDB would take this path for a pattern."""
    return bool(set("*?[]") & set(str(path)))


def _temp() -> Path:
    """A directory for temporary files that DuckDB can read."""
    given = Path(tempfile.gettempdir())
    return Path("/tmp") if _is_pattern(given) else given


def _drop_malformed(db: duckdb.DuckDBPyConnection) -> list[str]:
    """Take out the events that say nothing, and tell of them: one sentence per file and kind."""
    db.execute(
        "CREATE TABLE malformed AS SELECT file, complaint, count(*) AS n FROM "
        f"(SELECT file, {complaint_sql()} AS complaint FROM events) "
        "WHERE complaint IS NOT NULL GROUP BY ALL ORDER BY ALL"
    )
    rows = db.execute("SELECT file, complaint, n FROM malformed").fetchall()
    if rows:
        db.execute(f"DELETE FROM events WHERE {complaint_sql()} IS NOT NULL")
    return [
        f"{file} has {n} event{'s' if n > 1 else ''} {complaint}" for file, complaint, n in rows
    ]
