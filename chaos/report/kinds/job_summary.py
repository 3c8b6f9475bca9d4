"""The summary of a CI job, in Markdown: the outcome, what broke and how, and how to repeat it.

It is no kind of its own among the others: a job has one summary, to which each step appends.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from chaos.checks.verdict import Outcome
from chaos.report.kinds.kind import Kind
from chaos.report.kinds.markdown import escaped, lines_of
from chaos.report.report import Case, Report, Result
from chaos.report.words import plain

#: Cases that are told of each result, sentences of one of them, and commands.
_CASES, _SENTENCES, _COMMANDS = 20, 4, 5
#: Characters of a sentence.
_LONG = 400
_SIGNS = {Outcome.PASS: "✅", Outcome.FAIL: "❌", Outcome.UNKNOWN: "❔"}


def _render(report: Report, path: Path) -> bytes:
    del path
    return "".join(f"{line}\n" for line in _lines(report)).encode()


def _lines(report: Report) -> Iterator[str]:
    yield f"## {_SIGNS[report.outcome]} {escaped(report.title)}: {report.outcome.upper()}"
    yield ""
    yield from (f"- {escaped(fact)}" for fact in report.facts)
    if len(report.suites) == 1:
        yield from (f"- {escaped(line)}" for line in report.suites[0].output.splitlines())
    if report.summary.rows:
        yield ""
        yield from lines_of(report.summary)
    yield from _cases("Broken", report, Result.FAILURE)
    yield from _cases("Not known, because evidence is missing", report, Result.ERROR)
    if report.known:
        yield from ("", "### Broken, and known to be", "")
        yield from (f"- {escaped(plain(sentence, _LONG))}" for sentence in report.known[:_CASES])
        yield from _more(len(report.known))
    if commands := list(islice(_commands(report), _COMMANDS)):
        yield from ("", "Repeat it with", "", "```")
        yield from (plain(command).replace("`", "") for command in commands)
        yield "```"
    yield ""


def _cases(title: str, report: Report, result: Result) -> Iterator[str]:
    """Test cases that ended so, each with the first sentences of its story."""
    cases = [case for suite in report.suites for case in suite.cases if case.result is result]
    if not cases:
        return
    yield from ("", f"### {title}", "")
    for case in cases[:_CASES]:
        yield f"- **{escaped(case.name)}** ({escaped(case.group)}): {_short(case.message)}"
        yield from (f"  - {_short(sentence)}" for sentence in _sentences(case))
    yield from _more(len(cases))


def _sentences(case: Case) -> Iterator[str]:
    """The first sentences, and how many more there are."""
    told = [line for line in case.text.splitlines() if line.strip() and line != case.message]
    yield from told[:_SENTENCES]
    if len(told) > _SENTENCES:
        yield f"and {len(told) - _SENTENCES} more"


def _more(number: int) -> Iterator[str]:
    if number > _CASES:
        yield f"- and {number - _CASES} more"


def _short(text: str) -> str:
    return escaped(plain(text, _LONG))


def _commands(report: Report) -> Iterator[str]:
    """Commands that show again what went wrong; where nothing did, those of the whole."""
    of_findings = [finding.command for finding in report.findings]
    of_runs = [suite.properties.get("command") for suite in report.suites]
    whole = [report.command, *of_runs]
    wrong = [command for command in of_findings if command]
    yield from dict.fromkeys(wrong or [command for command in whole if command])


SUMMARY = Kind(
    name="summary", ending=".md", meaning="the summary of a CI job, in Markdown", render=_render
)
