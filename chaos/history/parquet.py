"""Histories as Parquet, for DuckDB, Spark, Trino and whatever else reads it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import duckdb

from chaos.history.problem import HistoryProblem
from chaos.history.reader import History


def write_parquet(history: History, name: str, path: Path) -> None:
    """Write the well-formed events of a history that was just read to `path`: its columns are
    `run` (this name), `file`, and those of `schema.COLUMNS`, the same for every run. The file is
    there as a whole or not at all.

    Raises HistoryProblem where it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        events = history.db.sql(
            "SELECT ?::VARCHAR AS run, file, * EXCLUDE (file) FROM events", params=[name]
        )
        events.write_parquet(str(draft), compression="zstd")
        draft.replace(path)
    except (OSError, duckdb.Error) as error:
        raise HistoryProblem(f"{path} cannot be written: {error}") from error
    finally:
        with suppress(OSError):  # there is none
            draft.unlink()
