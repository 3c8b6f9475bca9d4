"""The report on a sweep: a grid for each life, and the cells that are not as they should be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from chaos.checks import Outcome
from chaos.guarantees import ANOMALIES, guarantee_of
from chaos.report import Case, Cell, Column, Finding, Report, Suite, Table, Tone, print_table
from chaos.report import Result as CaseResult
from chaos.sweep.cells import SWEPT
from chaos.sweep.judging import Mark
from chaos.sweep.lives import BY_NAME
from chaos.sweep.results import Result, Results, Row

#: The most broken cells that a terminal shows of one kind, and a page in all.
_MOST, _MOST_ON_A_PAGE = 12, 50
_TONES = {Mark.OK: Tone.GOOD, Mark.BROKEN: Tone.BAD, Mark.UNKNOWN: Tone.UNKNOWN}
_RESULTS = {
    Mark.OK: CaseResult.PASSED,
    Mark.BROKEN: CaseResult.FAILURE,
    Mark.UNKNOWN: CaseResult.ERROR,
}
_SHORT = {"before-send": "send", "before-reply": "reply"}
_LEGEND = (
    "A row is one command of the process that is hit, a column one fault. send: before the command"
    " reaches the server; reply: it has run, and its reply is not delivered. Each cell is a run of"
    " its own with real processes, judged by all checks. '.': every promise was kept; F: a promise"
    " was broken; ?: evidence is missing."
)


def report_on(results: Results) -> Report:
    """The report in the form that every kind of file is written from."""
    run = results.run
    return Report(
        program="chaos.sweep",
        title=f"Every crash point of {run['target']}",
        outcome=results.outcome,
        summary=_summary(results),
        data=results.to_json(),
        suites=(*(_suite(results, life) for life in results.lives()), _evidence(results)),
        details=tuple(_grids(results)),
        findings=tuple(_findings(results)),
        facts=(visited(results), str(run["versions"]["server"]), f"seed {run['seed']}"),
        legend=_LEGEND,
        command=run["command"],
    )


def visited(results: Results) -> str:
    """The number of boundaries, or pairs of them, that were visited, and the pace."""
    swept = results.swept
    what = "pairs" if swept.columns[0].first else "boundaries"
    alike = (
        f" ({results.set_up} commands that set connections up are one)" if results.set_up else ""
    )
    return (
        f"{swept.visited:,} of {swept.boundaries:,} {what} visited{alike}, in {len(swept.runs):,}"
        f" runs and {swept.seconds:.1f} s: {results.rate:.1f} cells/s"
    )


def _summary(results: Results) -> Table:
    """The number of right cells of each life and fault."""
    faults = list(dict.fromkeys(column.faults for column in results.swept.columns))
    rows = []
    for life in results.lives():
        counts = [
            Counter(
                result.mark
                for result in results.results
                if (result.cell.life, result.column.faults) == (life, fault)
            )
            for fault in faults
        ]
        rows.append(
            (Cell(life), *(Cell(f"{count[Mark.OK]} of {count.total()}") for count in counts))
        )
    columns = (Column("life"), *(Column(fault, right=True) for fault in faults))
    return Table(columns=columns, rows=tuple(rows))


def _grids(results: Results) -> Iterator[Table]:
    """A grid for each life; of pairs there is none, since they have two boundaries each."""
    for life in results.lives():
        columns = results.columns(life)
        if columns[0].first is not None:
            continue
        yield Table(
            title=life,
            about=BY_NAME[life].meaning,
            columns=(
                Column("#", right=True),
                Column("boundary"),
                Column("the job is"),
                *(
                    Column(
                        _SHORT[column.side], group=column.fault, note=SWEPT[column.fault].meaning
                    )
                    for column in columns
                ),
            ),
            rows=tuple(_row(row) for row in results.rows(life)),
        )


def _row(row: Row) -> tuple[Cell, ...]:
    cells = [_cell(*pair) for pair in zip(row.cells, row.missing, strict=True)]
    return Cell(str(row.place), Tone.QUIET), Cell(row.at), Cell(row.phase, Tone.QUIET), *cells


def _cell(result: Result | None, missing: bool) -> Cell:
    if result is None:
        return Cell("not visited", Tone.UNKNOWN) if missing else Cell("")
    text = f"F {', '.join(result.broken)}" if result.broken else str(result.mark)
    why = f": {result.why}" if result.why else f", the job is {result.final.run.phase}"
    return Cell(text, _TONES[result.mark], f"{result.cell} at {result.final.run.command}{why}")


def _findings(results: Results) -> Iterator[Finding]:
    for reason in results.reasons:
        yield Finding(f"unknown: {reason}", Tone.UNKNOWN)
    bad = [result for result in results.results if result.mark is not Mark.OK]
    for result in bad[:_MOST_ON_A_PAGE]:
        name = ", ".join(result.broken) or "unknown"
        yield Finding(f"{name}: {result.why}", _TONES[result.mark], results.command(result.cell))
    if len(bad) > _MOST_ON_A_PAGE:
        yield Finding(f"and {len(bad) - _MOST_ON_A_PAGE} cells more")


def _suite(results: Results, life: str) -> Suite:
    """A test case for each cell of a life."""
    cells = [result for result in results.results if result.cell.life == life]
    return Suite(name=f"sweep {life}", cases=tuple(_case(result) for result in cells))


def _case(result: Result) -> Case:
    right = result.mark is Mark.OK
    return Case(
        name=str(result.cell),
        group=result.cell.life,
        result=_RESULTS[result.mark],
        message="" if right else ", ".join(result.broken) or "unknown",
        text="" if right else result.why,
        seconds=result.final.run.seconds,
    )


def _evidence(results: Results) -> Suite:
    case = Case(
        name="evidence",
        group="sweep",
        result=CaseResult.ERROR if results.reasons else CaseResult.PASSED,
        message="unknown",
        text="\n".join(results.reasons),
    )
    return Suite(name="sweep evidence", cases=(case,))


def print_results(results: Results, console: Console) -> None:
    """Print the grids, what is broken, the totals, and how to repeat a cell."""
    for grid in _grids(results):
        print_table(grid, console)
    _print_broken(results, console)
    say = _Line(console)
    say(visited(results))
    if results.swept.void:
        what = "pairs" if results.swept.columns[0].first else "boundaries"
        say(f"{len(results.swept.void):,} more {what} came up in other runs and not in their own")
    for reason in results.reasons[:_MOST]:
        say(f"unknown: {reason}", "yellow")
    examples = [r for r in results.results if r.mark is not Mark.OK] or results.results
    if examples:
        say(f"repeat a cell: {results.command(examples[0].cell)}")
    marks = Counter(result.mark for result in results.results)
    counted = (
        f"{marks[Mark.OK]:,} ok, {marks[Mark.BROKEN]:,} broken, {marks[Mark.UNKNOWN]:,} unknown"
    )
    outcome = results.outcome
    styles = {Outcome.PASS: "bold green", Outcome.FAIL: "bold red", Outcome.UNKNOWN: "bold yellow"}
    say(f"{outcome.upper()}: {counted} (exit code {outcome.exit_code})", styles[outcome])


class _Line:
    """Prints one line of text, however long."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style=style), soft_wrap=True)


def _print_broken(results: Results, console: Console) -> None:
    say = _Line(console)
    for anomaly in dict.fromkeys(name for each in results.judged for name in each.broken):
        sentence = guarantee_of(anomaly).sentence
        say(f"\n{anomaly}: {ANOMALIES[anomaly].meaning} Promised was: {sentence}.", "bold red")
        cells = [result for result in results.results if anomaly in result.broken]
        for result in cells[:_MOST]:
            say(f"  {result.cell} at {result.final.run.command}: {result.broken[anomaly]}")
        if len(cells) > _MOST:
            say(f"  and {len(cells) - _MOST} cells more")
        for each in [one for one in results.broken_without if anomaly in one.broken][:_MOST]:
            say(f"  {each.run.cell.life}, before any fault: {each.broken[anomaly]}")
    unknown = [result for result in results.results if result.mark is Mark.UNKNOWN]
    for result in unknown[:_MOST]:
        say(f"unknown: {result.cell}: {result.why}", "yellow")
    unpromised = Counter(name for each in results.judged for name in each.unpromised)
    for anomaly, count in unpromised.items():
        say(f"not promised, and broken in {count} cells: {anomaly}", "dim")
