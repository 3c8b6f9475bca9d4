"""Reads a history: checks every line, and puts them all into one DuckDB table."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb

from chaos.history.accounts import unaccounted
from chaos.history.damage import Damage
from chaos.history.database import enough_room, is_pattern, open_database, temporary
from chaos.history.files import LONGEST, history_files, process_of, read_document, shown
from chaos.history.problem import HistoryProblem
from chaos.history.schema import COLUMNS, complaint_sql
from chaos.history.steps import at_once
from chaos.history.torn import salvage

_BLOCK = 1 << 20
#: What a JSON value of a column is not, after its colon. DuckDB would cast it: it reads "5" as 5,
#: 5 as "5" and 1.5 as 2. (`n` may begin a null; what else it begins is no JSON.)
_WRONG = {
    "BIGINT": r"(?:[^-0-9\sn]|-?[0-9]+\s*[^0-9\s,}])",
    "VARCHAR": r'[^"\sn]',
    "BOOLEAN": r"[^tf\sn]",
}


def _unlike(kind: str) -> str:
    """A pattern, for DuckDB, of a column of this type that has a value of another."""
    names = "|".join(name for name, its in COLUMNS.items() if its == kind)
    return rf'"(?:{names})"\s*:\s*{_WRONG[kind]}'


_NOT_PLAIN = "|".join(map(_unlike, _WRONG))


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One run's evidence.

    `db` is a database of its own (`open_database`), whose table `events` has the columns of
    `schema.COLUMNS` and `file`; only well-formed events are in it. `run` is run.json ({} when
    unreadable). `problems` are sentences about evidence that is missing or unreadable. `intact` is
    False when events may be missing that a living process had written, so that their absence
    proves nothing; `rig_intact` when that may be so of others than the target's processes.
    `kept` is what ends with it: the database and its files.
    """

    db: duckdb.DuckDBPyConnection
    run: dict[str, Any]
    problems: tuple[str, ...]
    intact: bool
    rig_intact: bool
    kept: contextlib.ExitStack

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kept.close()


@enough_room()
def read_history(run_dir: Path) -> History:
    """Load a run directory. Use the result in a `with` statement, which ends it.

    Raises HistoryProblem when `run_dir` is no directory, or when there is not enough room;
    whatever else is wrong with it is told in `problems`.
    """
    if not run_dir.is_dir():
        raise HistoryProblem(f"{run_dir} is not a run directory")
    run, problems = _read_run(run_dir / "run.json")
    found = history_files(run_dir / "history")
    scans = {path: _scan(path) for path in found.files}
    with contextlib.ExitStack() as kept:
        db = kept.enter_context(open_database(lines=sum(scan.lines for scan in scans.values())))
        damage = [*found.damage, *_load(db, scans)]
        lines = {path.name: scan.lines for path, scan in scans.items()}
        missing, malformed = at_once(db, lambda db: unaccounted(db, lines), _malformed)
        damage += missing
        if malformed:
            db.execute(f"DELETE FROM events WHERE {complaint_sql()} IS NOT NULL")
            damage += malformed
        return History(
            db=db,
            run=run,
            problems=(*problems, *(part.told for part in damage)),
            intact=not damage,
            rig_intact=_only_of_workers(db, damage),
            kept=kept.pop_all(),
        )


def _read_run(path: Path) -> tuple[dict[str, Any], list[str]]:
    try:
        return read_document(path), []
    except FileNotFoundError:
        return {}, ["run.json is missing"]
    except ValueError as error:
        return {}, [f"run.json {error}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scan:
    """A look at a file: how many whole lines it has, and whether that is all, each short enough."""

    lines: int
    whole: bool


def _scan(path: Path) -> _Scan:
    lines, longest, rest = 0, 0, 0
    with contextlib.suppress(OSError), path.open("rb") as file:
        while block := file.read(_BLOCK):
            lines += block.count(b"\n")
            last = block.rfind(b"\n")
            rest = rest + len(block) if last < 0 else len(block) - last - 1
            longest = max(longest, rest)
    return _Scan(lines=lines, whole=not rest and lines > 0 and longest <= LONGEST)


def _load(db: duckdb.DuckDBPyConnection, scans: Mapping[Path, _Scan]) -> list[Damage]:
    """Fill `events`. The fast way is DuckDB's own reader, which accepts no malformed line. It is
    checked that it leaves none out, and has nothing to cast."""
    columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
    db.execute(f"CREATE TABLE events ({columns}, file VARCHAR)")
    files = [*scans]
    whole = all(scan.whole for scan in scans.values())
    if files and whole and not any(is_pattern(path) for path in files):
        lines = sum(scan.lines for scan in scans.values())
        with contextlib.suppress(duckdb.Error):
            plain, read = at_once(
                db, lambda db: _plain(db, files, lines), lambda db: _insert(db, files)
            )
            if plain and read == lines:
                return []
        db.execute("DELETE FROM events")
    with tempfile.TemporaryDirectory(prefix="chaos-history-", dir=temporary()) as directory:
        copies, damage = salvage(files, Path(directory))
        if copies:
            _insert(db, copies)
    return damage


def _plain(db: duckdb.DuckDBPyConnection, files: list[Path], lines: int) -> bool:
    """True if these files have so many lines, in which no known field may be of another type."""
    found = db.execute(
        "SELECT count(*), coalesce(bool_or(regexp_matches(line, ?)), false) FROM read_csv("
        "?, columns = {'line': 'VARCHAR'}, auto_detect = false, header = false, new_line = '\\n',"
        # Without a size DuckDB's buffers are as large as a large file.
        f" delim = '\x01', quote = '', escape = '', max_line_size = {2 * LONGEST},"
        f" buffer_size = {2 * LONGEST})",
        [_NOT_PLAIN, [str(path) for path in files]],
    ).fetchone()
    return found == (lines, False)


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


def _malformed(db: duckdb.DuckDBPyConnection) -> list[Damage]:
    """The events that say nothing, in one sentence per file and kind."""
    rows = db.execute(
        "SELECT file, complaint, count(*) AS n FROM "
        f"(SELECT file, {complaint_sql()} AS complaint FROM events) "
        "WHERE complaint IS NOT NULL GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return [
        Damage(process_of(file), f"{shown(file)} has {n} event{'s' if n > 1 else ''} {complaint}")
        for file, complaint, n in rows
    ]


def _only_of_workers(db: duckdb.DuckDBPyConnection, damage: list[Damage]) -> bool:
    """True if nothing is damaged but what processes of the target have written."""
    rows = db.execute("SELECT DISTINCT name FROM events WHERE type = 'process'").fetchall()
    names = {name for (name,) in rows}
    return all(part.process in names for part in damage)
