"""The verdict on a terminal or in a CI log, for somebody who has never seen this tool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chaos.checks.verdict import CheckResult, Outcome, Status, Verdict
from chaos.guarantees import ANOMALIES
from chaos.report.words import (
    MEANINGS,
    SEED_NOTE,
    Promise,
    State,
    amount,
    plain,
    promises,
    scenario_of,
    setting,
    what_was_counted,
    what_was_done,
    what_was_run,
)

MAX_REASONS = 3
"""How many broken cases of one check are told; all that were kept are in verdict.json."""

_STYLES: dict[str, str] = {
    State.KEPT: "green",
    State.BROKEN: "bold red",
    State.BROKEN_UNPROMISED: "yellow",
    State.NOT_PROMISED: "dim",
    State.NOT_CHECKED: "bold yellow",
    Outcome.PASS: "bold green",
    Outcome.FAIL: "bold red",
    Outcome.UNKNOWN: "bold yellow",
}


def print_verdict(verdict: Verdict, console: Console, *, run_dir: Path | None = None) -> None:
    """Print everything that a verdict says: about a screenful, and readable without colours."""
    page = _Page(console)
    page.line(scenario_of(verdict), style="bold")
    page.facts(
        ("ran", what_was_run(verdict)),
        ("faults", "\n".join(what_was_done(verdict.faults)) or "none"),
        ("jobs", what_was_counted(verdict.counts)),
    )
    listed = promises(verdict)
    page.table([promise for promise in listed if promise.state is not State.NOT_EXERCISED])
    idle = [promise.id for promise in listed if promise.state is State.NOT_EXERCISED]
    if idle:
        page.line(f"not exercised (the run had no case of it): {', '.join(idle)}", style="dim")
        page.line()
    for check in verdict.broken:
        page.broken(check)
    if verdict.unknown_because:
        page.reasons(verdict)
    page.line(
        f"{verdict.outcome.upper()}: {MEANINGS[verdict.outcome]} "
        f"(exit code {verdict.outcome.exit_code})",
        style=_STYLES[verdict.outcome],
    )
    page.whereabouts(verdict, run_dir)


def print_summary(rows: Sequence[tuple[str, Verdict, float]], console: Console) -> None:
    """Print one table with a row per run (name, verdict, seconds), and what went wrong below it."""
    page = _Page(console)
    table = Table(box=page.rules(), pad_edge=False, header_style="bold")
    table.add_column("scenario", overflow="fold")
    table.add_column("faults landed", justify="right")
    table.add_column("jobs", justify="right")
    table.add_column("verdict")
    table.add_column("seconds", justify="right")
    for name, verdict, seconds in rows:
        table.add_row(
            page.text(name),
            _landed(verdict),
            f"{verdict.counts.get('acknowledged', 0):,}",
            page.text(verdict.outcome.upper(), style=_STYLES[verdict.outcome]),
            f"{seconds:.1f}",
        )
    console.print(table)
    for name, verdict, _ in rows:
        if trouble := _trouble(verdict):
            page.line(f"{name} is {verdict.outcome.upper()}", _STYLES[verdict.outcome])
            for sentence in trouble:
                page.bullet(sentence)
            page.line()
    times = Counter(verdict.outcome for _, verdict, _ in rows)
    words = {Outcome.PASS: "passed", Outcome.FAIL: "failed", Outcome.UNKNOWN: "unknown"}
    told = [f"{times[outcome]} {word}" for outcome, word in words.items() if times[outcome]]
    page.line(f"{amount(len(rows), 'run')}: {', '.join(told) or 'nothing was judged'}", "bold")


def _landed(verdict: Verdict) -> str:
    landed = sum(fault.landed for fault in verdict.faults)
    planned = max(landed, sum(fault.planned for fault in verdict.faults))
    return f"{landed} of {planned}" if planned else "-"


def _trouble(verdict: Verdict) -> list[str]:
    """Why a run did not pass: a sentence for each check that broke, and each missing evidence."""
    told = []
    for check in verdict.broken:
        note = "" if check.promised else " (not promised)"
        cases = f"{check.broken:,} of {amount(check.examined, 'case')}"
        first = plain(check.rows[0].get("why"), 300) if check.rows else "no case was kept"
        told.append(f"{check.anomaly}{note}, {cases}: {first}")
    if verdict.outcome is Outcome.UNKNOWN:
        told += [plain(reason, 300) for reason in verdict.unknown_because]
    return told


class _Page:
    """Prints text of others: nothing in it is markup, and no encoding is too small for it."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def rules(self) -> box.Box:
        """Lines between rows, of characters that the console can show."""
        return box.ASCII if self._console.options.ascii_only else box.SIMPLE_HEAD

    def text(self, text: str, style: str = "") -> Text:
        encoding = self._console.encoding
        lines = [
            plain(line).encode(encoding, "backslashreplace").decode(encoding)
            for line in text.split("\n")
        ]
        return Text("\n".join(lines), style=style)

    def line(self, text: str = "", style: str = "") -> None:
        self._console.print(self.text(text, style))

    def facts(self, *facts: tuple[str, str], soft_wrap: bool = False) -> None:
        """Named values, aligned. `soft_wrap`: a long value is left whole, for copying."""
        width = max((len(name) for name, _ in facts), default=0) + 2
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True, min_width=width - 2)
        grid.add_column(overflow="fold")
        for name, value in facts:
            if soft_wrap:
                self._console.print(self.text(f"{name:<{width}}{value}"), soft_wrap=True)
            else:
                grid.add_row(self.text(name, "dim"), self.text(value))
        if not soft_wrap:
            self._console.print(grid)

    def table(self, listed: Iterable[Promise]) -> None:
        table = Table(box=box.HORIZONTALS, pad_edge=False, show_lines=True, header_style="bold")
        table.add_column("guarantee", ratio=1)
        table.add_column("broken by", no_wrap=True)
        table.add_column("cases\nlooked at", justify="right", no_wrap=True)
        table.add_column("\nfound", justify="right", no_wrap=True)
        table.add_column("status", max_width=12)
        table.expand = True
        for promise in listed:
            name = Text.assemble((promise.id, "bold"), ": ", self.text(promise.sentence))
            table.add_row(
                name,
                "\n".join(check.anomaly for check in promise.checks),
                "\n".join(_examined(check) for check in promise.checks),
                "\n".join(_found(check) for check in promise.checks),
                self.text(promise.state, _STYLES[promise.state]),
            )
        self._console.print(table)

    def broken(self, check: CheckResult) -> None:
        note = "" if check.promised else " (not promised: shown, and no reason to fail)"
        self.line(f"{check.anomaly} breaks {check.guarantee}{note}", "bold")
        if check.anomaly in ANOMALIES:
            self.bullet(ANOMALIES[check.anomaly].meaning, mark=" ", style="italic")
        for row in check.rows[:MAX_REASONS]:
            self.bullet(str(row.get("why")))
        if check.broken > MAX_REASONS:
            self.bullet(f"and {check.broken - MAX_REASONS:,} more", mark=" ")
        self.line()

    def reasons(self, verdict: Verdict) -> None:
        unknown = verdict.outcome is Outcome.UNKNOWN
        self.line("why this is unknown" if unknown else "evidence that is missing as well", "bold")
        for reason in verdict.unknown_because:
            self.bullet(reason)
        self.line()

    def bullet(self, text: str, mark: str = "-", style: str = "") -> None:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(f"  {mark}", self.text(text, style))
        self._console.print(grid)

    def whereabouts(self, verdict: Verdict, run_dir: Path | None) -> None:
        seed, command = setting(verdict.run, "seed"), setting(verdict.run, "command")
        facts = [
            ("run", str(run_dir) if run_dir is not None else None),
            ("seed", f"{seed} ({SEED_NOTE})" if seed else None),
            ("repeat", command),
        ]
        told = [(name, value) for name, value in facts if value is not None]
        if told:
            self.facts(*told, soft_wrap=True)


def _examined(check: CheckResult) -> str:
    if check.error:
        return "failed"
    return "none" if check.status is Status.NOT_EXERCISED else f"{check.examined:,}"


def _found(check: CheckResult) -> str:
    return "-" if check.error or check.status is Status.NOT_EXERCISED else f"{check.broken:,}"
