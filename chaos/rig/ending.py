"""Reading the end of a run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from chaos.history import Write
from chaos.history.events import Final, FinalRead, HistoryFile


class TellsEnds(Protocol):
    """What it needs of an inspector."""

    def final_state(self, jobs: Iterable[str], /) -> Iterable[Final]: ...


def read_final_state(
    inspector: TellsEnds, jobs: Iterable[str], record: Write, more: Iterable[Final] = ()
) -> list[Final]:
    """Write down what is in the store in the end, then `more`, and that all of it was read.

    Whatever the inspector raises is written down too, and raised again.
    """
    found: list[Final] = []
    try:
        for event in (*inspector.final_state(jobs), *more):
            record(event)
            found.append(event)
    except Exception as error:
        record(FinalRead(ok=False, error=str(error)))
        raise
    record(FinalRead(ok=True))
    return found


def note_files(history: Path, record: Write) -> None:
    """Write down which files a history has, so that one that is gone or cut later is missed."""
    for path in sorted(history.glob("*.jsonl")):
        with path.open("rb") as file:
            record(HistoryFile(name=path.stem, lines=sum(line.endswith(b"\n") for line in file)))
