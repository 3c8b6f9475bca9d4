"""The report on the programme: what it found, and the share of the bugs that it found."""

from __future__ import annotations

from collections.abc import Sequence

from chaos.checks import Outcome
from chaos.planted.blind.subject import Subject
from chaos.report import Case, Cell, Column, Finding, Report, Suite, Table, Tone
from chaos.report import Result as CaseResult

#: The share of the bugs that must be caught by the anomalies named for them.
ENOUGH = 0.9
_COLUMNS = ("subject", "must show", "shown", "by", "also", "parts", "unknown", "after")


def report_on(subjects: Sequence[Subject], title: str, seed: int) -> Report:
    """The report in the form that every kind of file is written from."""
    return Report(
        program="chaos.planted",
        title=title,
        outcome=outcome(subjects),
        summary=table(subjects),
        data=[subject.to_json() for subject in subjects],
        suites=(Suite(name="blind", cases=tuple(map(_case, subjects))),),
        findings=tuple(finding for subject in subjects for finding in _findings(subject)),
        facts=(share(subjects), f"seed {seed}"),
    )


def outcome(subjects: Sequence[Subject]) -> Outcome:
    """Fail if the sound reference is not green, or too few of the bugs are caught by name."""
    bugs = [subject for subject in subjects if subject.anomaly]
    red = any(subject.red for subject in subjects if subject.anomaly is None)
    named = sum(bool(bug.caught) for bug in bugs)
    return Outcome.FAIL if red or named < ENOUGH * len(bugs) else Outcome.PASS


def share(subjects: Sequence[Subject]) -> str:
    """The share that is caught, and that is caught by the anomaly named."""
    bugs = [subject for subject in subjects if subject.anomaly]
    if not bugs:
        played = [one for subject in subjects for one in subject.played]
        passed = sum(one.outcome is Outcome.PASS for one in played)
        return f"{passed} of {len(played)} parts passed"
    named = sum(bool(bug.caught) for bug in bugs)
    caught = sum(bool(bug.caught or bug.others) for bug in bugs)
    return (
        f"{caught} of {len(bugs)} caught ({caught / len(bugs):.0%}), "
        f"{named} by the anomaly named ({named / len(bugs):.0%})"
    )


def line(subject: Subject) -> str:
    """How a subject fared, in a line."""
    if subject.caught:
        first = subject.caught[0]
        return f"{subject.name}: {subject.anomaly} in {first.part}"
    if subject.anomaly is None:
        return f"{subject.name}: {subject.word}"
    found = [f"{', '.join(one.found)} in {one.part}" for one in subject.played if one.found]
    return f"{subject.name}: {subject.anomaly} missed; {'; '.join(found) or 'nothing found'}"


def table(subjects: Sequence[Subject]) -> Table:
    """A row for each subject."""
    return Table(columns=tuple(map(Column, _COLUMNS)), rows=tuple(map(_row, subjects)))


def _row(subject: Subject) -> tuple[Cell, ...]:
    unknown = sum(one.outcome is Outcome.UNKNOWN for one in subject.played)
    texts = (
        subject.name,
        subject.anomaly or "pass",
        subject.word,
        ", ".join(one.part for one in subject.caught) or "-",
        ", ".join(subject.others),
        str(len(subject.played)),
        str(unknown or ""),
        f"{subject.seconds:.0f} s",
    )
    tone = Tone.PLAIN if subject.word in ("caught", "green") else Tone.BAD
    return tuple(Cell(text, tone) for text in texts)


def _findings(subject: Subject) -> list[Finding]:
    if subject.anomaly is None:
        return [
            Finding(f"{one.part} did not pass: {_said(one.found, one.why)}", command=one.command)
            for one in subject.red
        ]
    return [] if subject.caught else [Finding(line(subject))]


def _said(found: tuple[str, ...], why: str) -> str:
    return ", ".join(found) or why


def _case(subject: Subject) -> Case:
    if subject.word in ("caught", "green"):
        return Case(name=subject.name, group="blind", seconds=subject.seconds)
    return Case(
        name=subject.name,
        group="blind",
        result=CaseResult.FAILURE,
        message=line(subject),
        type=subject.anomaly or "pass",
        text="\n".join(
            f"{one.part}: {one.outcome} {_said(one.found, one.why)}; {one.command}"
            for one in subject.red
        ),
    )
