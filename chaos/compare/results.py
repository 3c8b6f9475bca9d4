"""The page `docs/results.md`, from what was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from chaos.compare import report
from chaos.compare.playing import Subject
from chaos.compare.programme import Part
from chaos.report.kinds.markdown import lines_of

_HEAD = """# Public queues at their crash points

The same questions to each queue, every answer from a run on this page's date. Each queue has the
packages that are named with it, in an environment of its own, and the settings of its folder in
`chaos/public/`: the times that a worker's death costs are shortened there, so that they can be
waited for; only `killed_by_default` plays with those that the queue has by itself. A queue that
acknowledges a job when it takes it runs each job at most once, and to lose the job of a dead worker
is then what it is meant to do: what each promises, in its own words, is in the last table.

A finding is about these versions, settings and crash points. To see one yourself, run its command;
the run's directory has the history of each process and a timeline.
"""


def page(
    subjects: Sequence[Subject], parts: Sequence[Part], command: str, seed: int, into: Path
) -> str:
    """The page, in Markdown."""
    return "".join(f"{line}\n" for line in _lines(subjects, parts, command, seed, into))


def _lines(
    subjects: Sequence[Subject], parts: Sequence[Part], command: str, seed: int, into: Path
) -> Iterator[str]:
    yield _HEAD
    yield f"Made on {datetime.now(UTC):%Y-%m-%d} by `{command}` (seed {seed}).\n"
    yield "## In short\n"
    yield from lines_of(report.summary(subjects, parts))
    yield ""
    for subject in subjects:
        if subject.reason:
            yield f"* {subject.target} could not be asked: {subject.reason}\n"
    for part in parts:
        yield f"## {part.name.replace('_', ' ').capitalize()}\n"
        yield f"{part.asks}\n"
        yield from lines_of(report.detail(part, subjects, into))
        yield f"\n`{part.command('QUEUE', seed)}`\n"
    yield "## How they are set, and what they promise\n"
    yield from lines_of(report.promises(subjects))
