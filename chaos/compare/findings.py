"""The page `docs/findings.md`: what was found of each queue, beside what it promises."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chaos.compare.playing import Asked, Subject
from chaos.compare.programme import questions
from chaos.processes.modules import shown
from chaos.public.queues import Known, Said, known_of, said_by
from chaos.questions.question import ANSWER
from chaos.report.templates import templates
from chaos.repro.crash_point import broken, of_cell
from chaos.repro.finding import FATES, Finding, NoFinding, of_question


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A finding as the page tells it."""

    finding: Finding
    #: What the queue says about it: the promise, or all that it says if none is broken.
    said: tuple[Said, ...]
    known: tuple[Known, ...]
    #: Of a crash point: the answer of the whole sweep.
    in_all: str
    #: The command that writes its script.
    written_by: str

    @property
    def meaning(self) -> str:
        return FATES[self.finding.case.fate]


def finding_in(directory: Path, cell: str | None = None) -> Finding:
    """What was found in the run of a question, or in the cell of a sweep, that has this directory.
    Raises `NoFinding`."""
    try:
        if (directory / "sweep.json").exists():
            return of_cell(directory, cell)
        if cell is not None:
            raise NoFinding(f"{directory} is no directory of a sweep, so it has no cell {cell}")
        if (directory / ANSWER).exists():
            stories = {name: one.scenario.story for name, one in questions().items()}
            return of_question(directory, stories)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoFinding(f"{directory} has files that the rig did not write: {error!r}") from error
    raise NoFinding(
        f"{directory} has neither the answer of a question nor the results of a sweep; give the"
        " directory of such a run"
    )


def page(subjects: Sequence[Subject], command: str, into: Path) -> str:
    """The page, in Markdown. `into` has the directories of all runs."""
    entries, without = list[Entry](), list[str]()
    for subject in subjects:
        for asked in subject.asked.values():
            if asked.answer.tone != "bad":
                continue
            try:
                entries += _entries(subject.target, asked, into)
            except NoFinding as reason:
                without.append(f"{subject.target}, {asked.part}: {asked.answer.words} ({reason})")
    environment = templates(Path(__file__).parent)
    return environment.get_template("findings.md.jinja").render(
        promised=[one for one in entries if one.finding.promised],
        others=[one for one in entries if not one.finding.promised],
        without=without,
        command=command,
        date=f"{datetime.now(UTC):%Y-%m-%d}",
    )


def _entries(target: str, asked: Asked, into: Path) -> Iterator[Entry]:
    part = asked.part
    directory = into / target / part
    cells = broken(directory) if (directory / "sweep.json").exists() else [None]
    for cell in cells:
        finding = finding_in(directory, cell)
        name = finding.found.name
        said = said_by(name)
        if finding.promised:
            said = tuple(one for one in said if one.guarantee == finding.guarantee)
        place = ["COMPARED/" + f"{target}/{part}", *([cell] if cell else [])]
        yield Entry(
            finding=finding,
            said=said,
            known=known_of(name, part),
            in_all=asked.answer.words if cell else "",
            written_by=shlex.join([*shown("repro"), *place]),
        )
