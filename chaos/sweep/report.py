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
from chaos.report.runs import has_to_go
from chaos.report.words import after, amount, plain
from chaos.sweep.cells import SWEPT
from chaos.sweep.judging import Mark
from chaos.sweep.lives import BY_NAME
from chaos.sweep.results import Result, Results, Row

#: The most broken cells that a terminal shows of one kind, and a page in all.
_MOST, _MOST_ON_A_PAGE = 12, 50
_TONES = {
    Mark.OK: Tone.GOOD,
    Mark.BROKEN: Tone.BAD,
    Mark.KNOWN: Tone.QUIET,
    Mark.UNKNOWN: Tone.UNKNOWN,
}
_RESULTS = {
    Mark.OK: CaseResult.PASSED,
    Mark.BROKEN: CaseResult.FAILURE,
    Mark.KNOWN: CaseResult.SKIPPED,
    Mark.UNKNOWN: CaseResult.ERROR,
}
_SHORT = {"before-send": "send", "before-reply": "reply"}
_LEGEND = (
    "A row is one command of the process that is hit, a column one fault. send: before the command"
    " reaches the server; reply: it has run, and its reply is not delivered. Each cell is a run of"
    " its own with real processes, judged by all checks. '.': every promise was kept; F: a promise"
    " was broken; k: it was, and that is known; ?: evidence is missing. HANDLER-START and"
    " HANDLER-END are no commands: a handler begins, or has ended, and its worker is killed with"
    " all that it has started; at CHILD-START and CHILD-END only the child that runs it is. send:"
    " the rig has noted nothing; reply: it has."
)
_LEFT_OUT = "left out, because the budget was used up"


def report_on(results: Results) -> Report:
    """The report in the form that every kind of file is written from."""
    run = results.run
    return Report(
        program="chaos.sweep",
        title=f"Every crash point of {run['target']}",
        outcome=results.outcome,
        summary=_summary(results),
        data=results.to_json(),
        suites=(
            *(_suite(results, life) for life in results.lives()),
            _evidence(results),
            *_gone(results),
        ),
        details=(*_left(results), *_grids(results)),
        findings=tuple(_findings(results)),
        known=tuple(known_of(results)),
        facts=(
            visited(results),
            came_back(results),
            *left_out(results),
            str(run["versions"]["server"]),
            f"seed {run['seed']}",
        ),
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


def came_back(results: Results) -> str:
    """How soon jobs ran again that were cut short."""
    if (again := results.again) is None:
        return "no job ran again after the fault"
    return f"{amount(again.jobs, 'job')} ran again: {after(again.median_s, again.worst_s)}"


def left_out(results: Results) -> Iterator[str]:
    """A sentence on what a budget left out, if it did."""
    if results.swept.left:
        yield (
            f"this is a part: {results.swept.left:,} boundaries were left out, because the budget"
            f" of {results.run['budget_s']:g} s was used up; nothing is known about them"
        )


def known_of(results: Results) -> Iterator[str]:
    """A sentence for each entry by which something that was broken is known."""
    for entry, runs in results.known.items():
        first = runs[0]
        cells = amount(len({each.run.cell for each in runs}), "cell")
        yield plain(
            f"{entry.anomaly} in {cells}, such as {first.run.cell}: {first.broken[entry.anomaly]};"
            f" known: {entry.because}"
        )


def _left(results: Results) -> Iterator[Table]:
    """The numbers of cells that were left out, by life and by how far the job would have come."""
    left = results.left()
    phases = list(dict.fromkeys(phase for counts in left.values() for phase in counts))
    if left:
        yield Table(
            title="left out",
            columns=(
                Column("life"),
                *(Column(phase, group="the job is", right=True) for phase in phases),
            ),
            rows=tuple(
                (Cell(life), *(Cell(str(counts.get(phase, 0))) for phase in phases))
                for life, counts in left.items()
            ),
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
        rows.append((Cell(life), *(Cell(_counted(count)) for count in counts)))
    columns = (Column("life"), *(Column(fault, right=True) for fault in faults))
    return Table(columns=columns, rows=tuple(rows))


def _counted(count: Counter[Mark]) -> str:
    known = f" ({count[Mark.KNOWN]} known)" if count[Mark.KNOWN] else ""
    return f"{count[Mark.OK]} of {count.total()}{known}"


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
    cells = [_cell(*each) for each in zip(row.cells, row.missing, row.left, strict=True)]
    return Cell(str(row.place), Tone.QUIET), Cell(row.at), Cell(row.phase, Tone.QUIET), *cells


def _cell(result: Result | None, missing: bool, left: bool) -> Cell:
    if result is None:
        if left:
            return Cell("-", Tone.QUIET, _LEFT_OUT)
        return Cell("not visited", Tone.UNKNOWN) if missing else Cell("")
    told = {Mark.BROKEN: result.new, Mark.KNOWN: [*result.known]}.get(result.mark, [])
    text = f"{result.mark} {', '.join(told)}".strip()
    why = f": {result.why}" if result.why else f", the job is {result.final.run.phase}"
    why += "".join(f"; known: {entry.because}" for entry in result.known.values())
    return Cell(text, _TONES[result.mark], f"{result.cell} at {result.final.run.command}{why}")


def _findings(results: Results) -> Iterator[Finding]:
    for reason in results.reasons:
        yield Finding(f"unknown: {reason}", Tone.UNKNOWN)
    for entry in results.gone:
        yield Finding(has_to_go(entry))
    bad = [result for result in results.results if result.mark in (Mark.BROKEN, Mark.UNKNOWN)]
    for result in bad[:_MOST_ON_A_PAGE]:
        name = ", ".join(result.new) or "unknown"
        yield Finding(f"{name}: {result.why}", _TONES[result.mark], results.command(result.cell))
    if len(bad) > _MOST_ON_A_PAGE:
        yield Finding(f"and {len(bad) - _MOST_ON_A_PAGE} cells more")


def _suite(results: Results, life: str) -> Suite:
    """A test case for each cell of a life."""
    cells = [result for result in results.results if result.cell.life == life]
    left = [
        Case(name=str(column.cell(at)), group=life, result=CaseResult.SKIPPED, message=_LEFT_OUT)
        for column in results.columns(life)
        for at in column.left
    ]
    return Suite(name=f"sweep {life}", cases=(*map(_case, cells), *left))


def _case(result: Result) -> Case:
    known = [f"known: {name}, {entry.because}" for name, entry in result.known.items()]
    told = {
        Mark.OK: "",
        Mark.BROKEN: ", ".join(result.new),
        Mark.KNOWN: "; ".join(known),
        Mark.UNKNOWN: "unknown",
    }
    return Case(
        name=str(result.cell),
        group=result.cell.life,
        result=_RESULTS[result.mark],
        message=told[result.mark],
        type="known" if result.mark is Mark.KNOWN else "",
        text="" if result.mark is Mark.OK else result.why,
        seconds=result.final.run.seconds,
    )


def _gone(results: Results) -> Iterator[Suite]:
    """A failed case for each entry of the list that has to go."""
    cases = tuple(
        Case(
            name=f"{entry.anomaly} of {entry.place}",
            group="known",
            result=CaseResult.FAILURE,
            message=has_to_go(entry),
            type="known",
        )
        for entry in results.gone
    )
    if cases:
        yield Suite(name="sweep known", cases=cases)


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
    for sentence in known_of(results):
        say(sentence, "yellow")
    for entry in results.gone:
        say(has_to_go(entry), "bold red")
    say(visited(results))
    say(came_back(results))
    for sentence in left_out(results):
        say(sentence, "bold")
    for table in _left(results):
        print_table(table, console)
    if results.swept.void:
        what = "pairs" if results.swept.columns[0].first else "boundaries"
        say(f"{len(results.swept.void):,} more {what} came up in other runs and not in their own")
    for reason in results.reasons[:_MOST]:
        say(f"unknown: {reason}", "yellow")
    wrong = (Mark.BROKEN, Mark.UNKNOWN)
    examples = [r for r in results.results if r.mark in wrong] or results.results
    if examples:
        say(f"repeat a cell: {results.command(examples[0].cell)}")
    marks = Counter(result.mark for result in results.results)
    counted = (
        f"{marks[Mark.OK]:,} ok, {marks[Mark.BROKEN]:,} broken, {marks[Mark.UNKNOWN]:,} unknown"
    )
    counted += f", {marks[Mark.KNOWN]:,} known" if marks[Mark.KNOWN] else ""
    counted += f", {results.swept.left:,} left out" if results.swept.left else ""
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
    for anomaly in dict.fromkeys(name for each in results.judged for name in results.new(each)):
        sentence = guarantee_of(anomaly).sentence
        say(f"\n{anomaly}: {ANOMALIES[anomaly].meaning} Promised was: {sentence}.", "bold red")
        cells = [result for result in results.results if anomaly in result.new]
        for result in cells[:_MOST]:
            say(f"  {result.cell} at {result.final.run.command}: {result.broken[anomaly]}")
        if len(cells) > _MOST:
            say(f"  and {len(cells) - _MOST} cells more")
        without = [one for one in results.broken_without if anomaly in results.new(one)]
        for each in without[:_MOST]:
            say(f"  {each.run.cell.life}, before any fault: {each.broken[anomaly]}")
    unknown = [result for result in results.results if result.mark is Mark.UNKNOWN]
    for result in unknown[:_MOST]:
        say(f"unknown: {result.cell}: {result.why}", "yellow")
    unpromised = Counter(name for each in results.judged for name in each.unpromised)
    for anomaly, count in unpromised.items():
        say(f"not promised, and broken in {count} cells: {anomaly}", "dim")
