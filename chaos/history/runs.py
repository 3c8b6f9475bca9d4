"""The run directories below a directory, as several runs, a CI or several hosts leave them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from chaos.history.problem import HistoryProblem


def named_runs(directory: Path) -> dict[str, Path]:
    """The runs in a directory, each by its path below it, in their order; or the directory itself,
    by its own name, if it is a run or if there is none in it.

    Raises HistoryProblem when it is no directory.
    """
    if not directory.is_dir():
        raise HistoryProblem(f"{directory} is not a run directory, nor one that holds some")
    if not _is_run(directory):
        found = {str(run.relative_to(directory)): run for run in _below(directory)}
        if found:
            return found
    return {directory.absolute().name: directory}


def _below(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.iterdir()):
        if path.is_dir() and not path.is_symlink():
            yield from [path] if _is_run(path) else _below(path)


def _is_run(directory: Path) -> bool:
    return (directory / "run.json").exists() or (directory / "history").is_dir()
