"""What was found, as tables: the queues in short, and each question with the answer of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from chaos.checks import Outcome
from chaos.compare.playing import Asked, Subject
from chaos.compare.programme import Part
from chaos.public.queues import said_by, times_of
from chaos.report import Case, Cell, Column, Finding, Report, Suite, Table, Tone
from chaos.report import Result as CaseResult
from chaos.targets import find_target

_TONES = {"good": Tone.GOOD, "bad": Tone.BAD, "told": Tone.PLAIN, "unknown": Tone.UNKNOWN}
#: The parts that the short table shows, and what it calls them.
_SHORT = {
    "crash_points": "killed at a crash point",
    "disturbed": "cut off or stopped there",
    "killed": "killed",
    "killed_by_default": "with its own times",
    "outlasts": "long job",
    "leaving": "SIGTERM",
    "server_restarts": "server restarts",
}


def report_on(
    subjects: Sequence[Subject], parts: Sequence[Part], command: str, seed: int, into: Path
) -> Report:
    """The report in the form that every kind of file is written from."""
    asked = [one for subject in subjects for one in subject.asked.values()]
    nothing = [subject for subject in subjects if subject.reason]
    return Report(
        program="chaos.compare",
        title="Queues side by side",
        outcome=Outcome.PASS if not nothing and _all_known(asked) else Outcome.UNKNOWN,
        summary=summary(subjects, parts),
        details=tuple(detail(part, subjects, into) for part in parts),
        data=[
            {
                "target": subject.target,
                "pinned": find_target(subject.target).pinned,
                "promises": [*find_target(subject.target).promises],
                "inferred": subject.inferred,
                "reason": subject.reason,
                "asked": [one.to_json() for one in subject.asked.values()],
            }
            for subject in subjects
        ],
        suites=(Suite(name="compare", cases=tuple(_cases(subjects))),),
        findings=tuple(
            Finding(f"{subject.target} was asked nothing: {subject.reason}", Tone.UNKNOWN)
            for subject in nothing
        ),
        facts=(f"seed {seed}",),
        command=command,
    )


def summary(subjects: Sequence[Subject], parts: Sequence[Part]) -> Table:
    """A row for each queue."""
    names = [part.name for part in parts if part.name in _SHORT]
    columns = [Column("queue"), *(Column(_SHORT[name]) for name in names)]
    rows = []
    for subject in subjects:
        cells = [_short(subject.asked.get(name)) for name in names]
        rows.append((Cell(subject.target), *cells))
    return Table(columns=tuple(columns), rows=tuple(rows))


def detail(part: Part, subjects: Sequence[Subject], into: Path) -> Table:
    """One question, and the answer of each queue."""
    columns = (Column("queue"), Column("answer"))
    rows = []
    for subject in subjects:
        asked = subject.asked.get(part.name)
        link = _page(into / subject.target / part.name)
        rows.append((Cell(subject.target), _cell(asked, asked.answer.words if asked else "", link)))
    return Table(title=part.name, about=part.asks, columns=columns, rows=tuple(rows))


def promises(subjects: Sequence[Subject]) -> Table:
    """How each queue is set, and what it says of itself, and where."""
    columns = tuple(map(Column, ("queue", "packages", "settings", "promises", "says")))
    rows = []
    for subject in subjects:
        target = find_target(subject.target)
        said = [f"“{one.says}” ({one.source})" for one in said_by(subject.target)]
        rows.append(
            (
                Cell(subject.target),
                Cell(", ".join(target.pinned)),
                Cell(str(times_of(subject.target) or "its own")),
                Cell(", ".join(sorted(target.promises)) or "nothing that is judged here"),
                Cell("; ".join(said)),
            )
        )
    return Table(columns=columns, rows=tuple(rows))


def _all_known(asked: Sequence[Asked]) -> bool:
    return all(one.answer.tone != "unknown" for one in asked)


def _short(asked: Asked | None) -> Cell:
    """The first thing that an answer says."""
    words = asked.answer.words if asked else ""
    if asked and asked.answer.tone == "unknown":
        words = "unknown"
    return _cell(asked, words.split(";")[0].split(":")[0])


def _cell(asked: Asked | None, words: str, link: Path | None = None) -> Cell:
    if asked is None:
        return Cell("-", Tone.QUIET)
    return Cell(words, _TONES[asked.answer.tone], note=asked.command, link=link)


def _page(run: Path) -> Path | None:
    """The page of a run, if it has one."""
    pages = [run / "timeline.html", run / "grid.html"]
    return next((page for page in pages if page.exists()), None)


def _cases(subjects: Sequence[Subject]) -> Iterator[Case]:
    for subject in subjects:
        for one in subject.asked.values():
            unknown = one.answer.tone == "unknown"
            yield Case(
                name=one.part,
                group=subject.target,
                result=CaseResult.ERROR if unknown else CaseResult.PASSED,
                message=one.answer.words if unknown else "",
                output=one.answer.words,
                seconds=one.seconds,
            )
