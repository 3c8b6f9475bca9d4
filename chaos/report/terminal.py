"""The verdict on a terminal or in a CI log, for a reader who has never seen this tool."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from chaos.checks.verdict import CheckResult, Outcome, Verdict
from chaos.guarantees import ANOMALIES
from chaos.known import Entry, Held
from chaos.report.report import Table as ReportTable
from chaos.report.report import Tone
from chaos.report.runs import JudgedRun, has_to_go, known_of, summary, tally, trouble
from chaos.report.stories import Line, Story
from chaos.report.words import (
    PHASES,
    SEED_NOTE,
    Promise,
    State,
    meaning_of,
    plain,
    promises,
    scenario_of,
    setting,
    unknowable,
    what_was_counted,
    what_was_done,
    what_was_run,
    words_of,
)

MAX_REASONS = 3
"""Broken cases of one check that are printed; verdict.json has all that were kept."""

_SENTENCE = 2_000
"""Characters of a sentence that are printed: ids in it may be of any length."""

_ID = 120
"""Characters of an id that are printed."""

_STORY_STYLES = {
    "ok": "green",
    "bad": "red",
    "warn": "yellow",
    "fault": "bold magenta",
    "start": "cyan",
}

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

_TONES: dict[Tone, str] = {
    Tone.PLAIN: "",
    Tone.QUIET: "dim",
    Tone.GOOD: "bold green",
    Tone.BAD: "bold red",
    Tone.UNKNOWN: "bold yellow",
}


def print_verdict(
    verdict: Verdict, console: Console, story: Story | None = None, held: Held | None = None
) -> None:
    """Print everything that a verdict says, readable without colours and without prior knowledge.

    It goes from what was done to what it means; the last lines are the ones to look at first.
    `story` is that of a job that was wronged; `held` what a list of known anomalies says.
    """
    page, held = _Page(console), held or Held()
    outcome = held.outcome(verdict)
    page.line()
    page.line(f"Verdict on {scenario_of(verdict)}", style="bold")
    page.facts(
        ("ran", what_was_run(verdict)),
        ("faults", "\n".join(what_was_done(verdict.faults)) or "none"),
        ("jobs", what_was_counted(verdict.counts)),
    )
    page.line()
    page.table(promises(verdict))
    page.line()
    page.unknowable(verdict)
    for check in verdict.broken:
        page.broken(check, held.known.get(check.anomaly))
    for entry in held.gone:
        page.line(has_to_go(entry), "bold red")
        page.line()
    if story is not None:
        page.story(story)
    if verdict.unknown_because:
        page.reasons(verdict)
    page.words(verdict)
    meaning = meaning_of(verdict, held)
    page.line(f"{outcome.upper()}: {meaning} (exit code {outcome.exit_code})", _STYLES[outcome])
    page.whereabouts(verdict)


def print_story(lines: Iterable[Line], console: Console) -> None:
    """Print what happened to a job, event by event."""
    _Page(console).events(lines)


def print_summary(runs: Sequence[JudgedRun], seconds: float, console: Console) -> None:
    """Print one table with a row for each run, what went wrong below it, and the number of runs
    that ended in each way in `seconds`."""
    page = _Page(console)
    page.any(summary(runs))
    page.line()
    for run in runs:
        if sentences := [*trouble(run), *known_of(run)]:
            name = plain(run.name, 120)
            page.line(f"{name} is {run.outcome.upper()}", _STYLES[run.outcome])
            for sentence in sentences:
                page.bullet(sentence)
            page.line()
    page.line(tally(runs, seconds), "bold")


def print_table(table: ReportTable, console: Console) -> None:
    """Print a report's table."""
    _Page(console).any(table)


_ASCII_HEAD = box.Box("    \n    \n -- \n" + "    \n" * 5, ascii=True)


class _Page:
    """Prints text of others: nothing in it is markup, and no encoding is too small for it."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def new_table(self, *, expand: bool = False) -> Table:
        """An empty table. What is no terminal gets lines that any log can show."""
        plain_only = self._console.options.ascii_only or not self._console.is_terminal
        return Table(
            box=_ASCII_HEAD if plain_only else box.SIMPLE_HEAD,
            show_edge=False,
            padding=(0, 1, 0, 0),
            header_style="bold",
            expand=expand,
        )

    def any(self, table: ReportTable) -> None:
        """A table as the program made it."""
        drawn = self.new_table()
        title = f"{table.title}: {table.about}" if table.about else table.title
        drawn.title, drawn.title_justify = self.text(title) if title else None, "left"
        for column in table.columns:
            heading = f"{column.group}\n{column.name}" if column.group else column.name
            justify: JustifyMethod = "center" if column.group else "left"
            drawn.add_column(
                self.text(heading), justify="right" if column.right else justify, overflow="fold"
            )
        for row in table.rows:
            drawn.add_row(*(self.text(cell.text, _TONES[cell.tone]) for cell in row))
        self._console.print(drawn)

    def text(self, text: str, style: str = "") -> Text:
        encoding = self._console.encoding
        lines = [
            plain(line).encode(encoding, "backslashreplace").decode(encoding)
            for line in text.split("\n")
        ]
        return Text("\n".join(lines), style=style)

    def line(self, text: str = "", style: str = "") -> None:
        self._console.print(self.text(text, style))

    def facts(self, *facts: tuple[str, str], style: str = "") -> None:
        """Named values, aligned."""
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in facts:
            grid.add_row(self.text(name, "dim"), self.text(value, style))
        self._console.print(grid)

    def table(self, listed: Sequence[Promise]) -> None:
        """A row per guarantee; those that the run says nothing about come last."""
        table = self.new_table(expand=True)
        table.add_column("guarantee", no_wrap=True)
        table.add_column("state", max_width=13)
        table.add_column("cases", justify="right", no_wrap=True)
        table.add_column("broken", justify="right", no_wrap=True)
        table.add_column("what it says", ratio=1)
        for promise in sorted(listed, key=lambda promise: promise.state.idle):
            style = _STYLES.get(promise.state, "dim")
            idle = "dim" if promise.state.idle else ""
            table.add_row(
                self.text(promise.id, idle or "bold"),
                self.text(promise.state, style),
                self.text(f"{promise.examined:,}", idle),
                self.text(f"{promise.broken:,}", style if promise.broken else idle),
                self.text(promise.sentence, "dim"),
            )
        self._console.print(table)

    def words(self, verdict: Verdict) -> None:
        """The words that this report uses, defined."""
        phases = {fault.phase.rpartition("/")[2] for fault in verdict.faults}
        used = words_of(verdict) | {
            side: meaning for side, meaning in PHASES.items() if side in phases
        }
        told = "; ".join(f"{word}: {meaning}" for word, meaning in used.items())
        self.facts(("words", told), style="dim")
        self.line()

    def broken(self, check: CheckResult, known: Entry | None = None) -> None:
        note = "" if check.promised else " (not promised: shown, and no reason to fail)"
        self.line(f"{check.anomaly} breaks {check.guarantee}{note}", "bold")
        if known is not None:
            self.bullet(f"known: {known.because}", mark=" ", style="yellow")
        if check.anomaly in ANOMALIES:
            self.bullet(ANOMALIES[check.anomaly].meaning, mark=" ", style="italic")
        for row in check.rows[:MAX_REASONS]:
            self.bullet(str(row.get("why")))
        if check.broken > MAX_REASONS:
            self.bullet(f"and {check.broken - MAX_REASONS:,} more", mark=" ")
        self.line()

    def unknowable(self, verdict: Verdict) -> None:
        """The guarantees that nobody can speak about with this target, and why."""
        if sentences := unknowable(verdict):
            self.line("not known, because the target does not show it", "bold")
            for sentence in sentences:
                self.bullet(sentence)
            self.line()

    def story(self, story: Story) -> None:
        """The story of one job."""
        self.line(f"the story of {plain(story.job, _ID)}", "bold")
        self.events(story.lines)
        self.line()

    def events(self, lines: Iterable[Line]) -> None:
        """One line for each event."""
        for line in lines:
            told = f"{line['t']:9.1f} ms  {line['who']:<10} {line['text']}"
            self._console.print(
                self.text(told, _STORY_STYLES.get(line["tone"], "")), soft_wrap=True
            )

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
        grid.add_row(f"  {mark}", self.text(plain(text, _SENTENCE), style))
        self._console.print(grid)

    def whereabouts(self, verdict: Verdict) -> None:
        """The seed, and the command that repeats the run: on one line, for copying."""
        seed, command = setting(verdict.run, "seed"), setting(verdict.run, "command")
        if seed is not None:
            self.line(f"seed {seed} ({SEED_NOTE}); repeat with")
        if command is not None:
            self._console.print(self.text(f"  {command}"), soft_wrap=True)
