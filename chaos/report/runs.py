"""The report on judged runs of scenarios: one of them, or many."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from chaos.checks.verdict import CheckResult, Outcome, Status, Verdict
from chaos.guarantees import ANOMALIES
from chaos.known import Entry, Held
from chaos.report.report import Case, Cell, Column, Finding, Report, Result, Suite, Table, Tone
from chaos.report.words import (
    amount,
    plain,
    scenario_of,
    setting,
    unknowable,
    what_was_counted,
    what_was_done,
    what_was_run,
)

EVIDENCE = "evidence"
"""The test case beside those of the checks: is there enough evidence to believe them?"""

TONES = {Outcome.PASS: Tone.GOOD, Outcome.FAIL: Tone.BAD, Outcome.UNKNOWN: Tone.UNKNOWN}

_LONG = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRun:
    """A run and the judgement on it. `timeline` is its page, where it has one; `held` what a list
    of known anomalies says about it, where there is one."""

    name: str
    verdict: Verdict
    seconds: float
    timeline: Path | None = None
    held: Held | None = None

    @property
    def outcome(self) -> Outcome:
        """The outcome that counts: the verdict's, but for what is known."""
        return self.held.outcome(self.verdict) if self.held else self.verdict.outcome

    @property
    def known(self) -> Mapping[str, Entry]:
        """By anomaly: it was broken, and that is known."""
        return self.held.known if self.held else {}

    @property
    def gone(self) -> tuple[Entry, ...]:
        """Entries of the list that have to go."""
        return self.held.gone if self.held else ()

    def to_json(self) -> dict[str, Any]:
        """The verdict as JSON values, with what is known beside it."""
        known = {} if self.held is None else {"known": self.held.to_json(self.verdict)}
        return self.verdict.to_json() | known


def report_on_run(run: JudgedRun, page: Callable[[], str] | None = None) -> Report:
    """The report on a single run, whose HTML page is its timeline."""
    report = report_on_runs(run.name, [run], run.seconds)
    if page is None and run.timeline is not None:
        page = partial(run.timeline.read_text, encoding="utf-8")
    return dataclasses.replace(report, page=page)


def report_on_runs(title: str, runs: Sequence[JudgedRun], seconds: float) -> Report:
    """The report on any number of runs, which took `seconds` in all."""
    verdicts = [run.verdict for run in runs]
    data = [run.to_json() for run in runs]
    suites = zip(runs, _names(verdicts), strict=True)
    return Report(
        program="chaos",
        title=title,
        outcome=worst([run.outcome for run in runs]),
        summary=summary(runs),
        data=data[0] if len(data) == 1 else data,
        suites=tuple(_suite(run, name) for run, name in suites),
        findings=tuple(finding for run in runs for finding in _findings(run)),
        known=tuple(
            f"{plain(run.name, 120)}: {sentence}" for run in runs for sentence in known_of(run)
        ),
        notes=_notes(verdicts),
        facts=(tally(runs, seconds),),
    )


def worst(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome that stands for all of them."""
    return next((o for o in (Outcome.FAIL, Outcome.UNKNOWN) if o in outcomes), Outcome.PASS)


def summary(runs: Sequence[JudgedRun]) -> Table:
    """A row for each run."""
    columns = (
        Column("run"),
        Column("faults landed", right=True),
        Column("jobs", right=True),
        Column("verdict"),
        Column("seconds", right=True),
    )
    return Table(columns=columns, rows=tuple(_row(run) for run in runs))


def _row(run: JudgedRun) -> tuple[Cell, ...]:
    verdict = run.verdict
    link = run.timeline if run.timeline is not None and run.timeline.exists() else None
    return (
        Cell(plain(run.name, 120), link=link),
        Cell(_landed(verdict)),
        Cell(f"{verdict.counts.get('acknowledged', 0):,}"),
        Cell(run.outcome.upper() + (" (known)" if run.known else ""), TONES[run.outcome]),
        Cell(f"{run.seconds:.1f}"),
    )


def _landed(verdict: Verdict) -> str:
    landed = sum(fault.landed for fault in verdict.faults)
    planned = max(landed, sum(fault.planned for fault in verdict.faults))
    return f"{landed} of {planned}" if planned else "-"


def tally(runs: Sequence[JudgedRun], seconds: float) -> str:
    """The numbers of runs that passed, failed and are unknown."""
    times = Counter(run.outcome for run in runs)
    words = {Outcome.PASS: "passed", Outcome.FAIL: "failed", Outcome.UNKNOWN: "unknown"}
    told = [f"{times[outcome]} {word}" for outcome, word in words.items() if times[outcome]]
    return (
        f"{amount(len(runs), 'run')} in {seconds:.1f} s: {', '.join(told) or 'nothing was judged'}"
    )


def trouble(run: JudgedRun) -> list[str]:
    """Why a run did not pass: a sentence for each check that broke and is not known to, each entry
    of the list that has to go, and each missing evidence."""
    told = [_broken(check) for check in run.verdict.broken if check.anomaly not in run.known]
    told += [has_to_go(entry) for entry in run.gone]
    if run.outcome is Outcome.UNKNOWN:
        told += [plain(reason, 300) for reason in run.verdict.unknown_because]
    return told


def known_of(run: JudgedRun) -> list[str]:
    """A sentence for each check that broke and is known to: with the reason."""
    checks = {check.anomaly: check for check in run.verdict.broken}
    return [f"{_broken(checks[name])}; known: {plain(e.because)}" for name, e in run.known.items()]


def has_to_go(entry: Entry) -> str:
    """What is wrong with an entry of the list."""
    return plain(
        f"{entry.anomaly} is known to be broken, and was not although it had cases: its entry has"
        f" to go ({entry.where}: {entry.because})"
    )


def _broken(check: CheckResult) -> str:
    note = "" if check.promised else " (not promised)"
    cases = f"{check.broken:,} of {amount(check.examined, 'case')}"
    first = plain(check.rows[0].get("why"), 300) if check.rows else "no case was kept"
    return f"{check.anomaly}{note}, {cases}: {first}"


def _findings(run: JudgedRun) -> list[Finding]:
    tone, command = TONES[run.outcome], setting(run.verdict.run, "command")
    return [
        Finding(f"{plain(run.name, 120)} is {run.outcome.upper()}: {why}", tone, command)
        for why in trouble(run)
    ]


def _notes(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """Sentences on what is not known, each once."""
    told = {f"not known: {one}": None for verdict in verdicts for one in unknowable(verdict)}
    return tuple(told)


def _names(verdicts: Sequence[Verdict]) -> list[str]:
    """Scenarios; where one was run more than once, with what makes the difference."""
    times = Counter(scenario_of(verdict) for verdict in verdicts)
    return [
        scenario_of(verdict)
        if times[scenario_of(verdict)] == 1
        else f"{scenario_of(verdict)} #{place} ({what_was_run(verdict)}, "
        f"seed {setting(verdict.run, 'seed')})"
        for place, verdict in enumerate(verdicts, 1)
    ]


def _suite(run: JudgedRun, name: str) -> Suite:
    """A case for each check, and one more for the evidence.

    A broken promise is a failure; missing evidence, or a check that failed itself, an error. A
    check that met no case is skipped, and so is one that broke as it is known to. An unpromised
    guarantee that broke passes, and says so in its output.
    """
    verdict, gone = run.verdict, {entry.anomaly: entry for entry in run.gone}
    told = {key: setting(verdict.run, key) for key in ("target", "seed", "command")}
    properties = {key: value for key, value in told.items() if value is not None}
    about = [
        what_was_run(verdict),
        *what_was_done(verdict.faults),
        what_was_counted(verdict.counts),
    ]
    return Suite(
        name=name,
        cases=(
            *(
                _listed(_case(check, name), run.known.get(check.anomaly), gone.get(check.anomaly))
                for check in verdict.checks
            ),
            _evidence(verdict, name),
        ),
        properties=properties | {"outcome": str(run.outcome)},
        output="\n".join(about),
    )


def _case(check: CheckResult, suite: str) -> Case:
    case = Case(name=f"{check.guarantee}: {check.anomaly}", group=suite)
    if check.status is Status.BROKEN:
        message = plain(f"{check.sentence}: broken in {check.broken} of {check.examined} cases")
        if not check.promised:
            output = f"not promised, so no failure: {message}\n{_reasons(check)}"
            return dataclasses.replace(case, output=output)
        return dataclasses.replace(
            case, result=Result.FAILURE, message=message, type=check.anomaly, text=_reasons(check)
        )
    if check.error:
        message = plain(f"the check failed itself: {check.error}", _LONG)
        return dataclasses.replace(case, result=Result.ERROR, message=message, type="check")
    if check.lacks:
        message = plain(f"not known: {check.lacks}", _LONG)
        return dataclasses.replace(case, result=Result.SKIPPED, message=message)
    if check.status is Status.NOT_EXERCISED:
        message = "not exercised: the run had no case of it"
        return dataclasses.replace(case, result=Result.SKIPPED, message=message)
    return case


def _listed(case: Case, known: Entry | None, gone: Entry | None) -> Case:
    """The case of a check that is in the list."""
    if known is not None:
        told = f"{case.message}\n{case.text}" if case.message else case.output
        message = f"known: {plain(known.because)}"
        return dataclasses.replace(
            case, result=Result.SKIPPED, message=message, type="known", text=told, output=""
        )
    if gone is not None:
        return dataclasses.replace(
            case, result=Result.FAILURE, message=has_to_go(gone), type="known"
        )
    return case


def _evidence(verdict: Verdict, suite: str) -> Case:
    case = Case(name=EVIDENCE, group=suite)
    if verdict.outcome is not Outcome.UNKNOWN and not verdict.unknown_because:
        return case
    reasons = [plain(reason, _LONG) for reason in verdict.unknown_because] or ["no reason given"]
    return dataclasses.replace(
        case, result=Result.ERROR, message=reasons[0], type="unknown", text="\n".join(reasons)
    )


def _reasons(check: CheckResult) -> str:
    meaning = ANOMALIES[check.anomaly].meaning if check.anomaly in ANOMALIES else ""
    told = [f"{check.anomaly}: {meaning}", *(plain(row.get("why"), _LONG) for row in check.rows)]
    if check.broken > len(check.rows):
        told.append(f"and {check.broken - len(check.rows)} more")
    return "\n".join(told)
