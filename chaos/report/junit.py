"""The verdicts as JUnit XML, which CI servers read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from chaos.checks.verdict import CheckResult, Outcome, Status, Verdict
from chaos.guarantees import ANOMALIES
from chaos.report.files import replace_file
from chaos.report.words import (
    plain,
    scenario_of,
    setting,
    what_was_counted,
    what_was_done,
    what_was_run,
)

EVIDENCE = "evidence"
"""The test case beside those of the checks: is there enough evidence to believe them?"""

_RESULTS = {"failure": "failures", "error": "errors", "skipped": "skipped"}


def write_junit(verdicts: Sequence[Verdict], path: Path) -> None:
    """Write one test suite per run; its test cases are the checks, and one more, `evidence`.

    A broken promise is a failure, missing evidence or a check that failed itself an error; a check
    that met no case is skipped; an unpromised guarantee that broke passes and says so in
    system-out. Raises OSError when the file cannot be written.
    """
    root = Element("testsuites", name="chaos")
    root.extend(
        _suite(verdict, name) for verdict, name in zip(verdicts, _names(verdicts), strict=True)
    )
    _count(root)
    indent(root)
    replace_file(path, tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")


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


def _suite(verdict: Verdict, name: str) -> Element:
    suite = Element("testsuite", name=name)
    properties = SubElement(suite, "properties")
    for key in ("target", "seed", "command"):
        value = setting(verdict.run, key)
        if value is not None:
            SubElement(properties, "property", name=key, value=value)
    SubElement(properties, "property", name="outcome", value=str(verdict.outcome))
    suite.extend(_case(check, name) for check in verdict.checks)
    suite.append(_evidence(verdict, name))
    about = [
        what_was_run(verdict),
        *what_was_done(verdict.faults),
        what_was_counted(verdict.counts),
    ]
    SubElement(suite, "system-out").text = "\n".join(about)
    _count(suite)
    return suite


def _case(check: CheckResult, suite: str) -> Element:
    case = Element("testcase", classname=suite, name=f"{check.guarantee}: {check.anomaly}")
    if check.status is Status.BROKEN:
        message = plain(f"{check.sentence}: broken in {check.broken} of {check.examined} cases")
        if check.promised:
            failure = SubElement(case, "failure", message=message, type=check.anomaly)
            failure.text = _reasons(check)
        else:
            out = SubElement(case, "system-out")
            out.text = f"not promised, so no failure: {message}\n{_reasons(check)}"
    elif check.error:
        message = plain(f"the check failed itself: {check.error}", 2_000)
        SubElement(case, "error", message=message, type="check")
    elif check.status is Status.NOT_EXERCISED:
        SubElement(case, "skipped", message="not exercised: the run had no case of it")
    return case


def _evidence(verdict: Verdict, suite: str) -> Element:
    case = Element("testcase", classname=suite, name=EVIDENCE)
    if verdict.outcome is Outcome.UNKNOWN or verdict.unknown_because:
        reasons = [plain(reason, 2_000) for reason in verdict.unknown_because] or [
            "no reason given"
        ]
        SubElement(case, "error", message=reasons[0], type="unknown").text = "\n".join(reasons)
    return case


def _reasons(check: CheckResult) -> str:
    meaning = ANOMALIES[check.anomaly].meaning if check.anomaly in ANOMALIES else ""
    told = [f"{check.anomaly}: {meaning}", *(plain(row.get("why"), 2_000) for row in check.rows)]
    if check.broken > len(check.rows):
        told.append(f"and {check.broken - len(check.rows)} more")
    return "\n".join(told)


def _count(element: Element) -> None:
    """Set how many test cases below it have which result."""
    element.set("tests", str(len(list(element.iter("testcase")))))
    for result, attribute in _RESULTS.items():
        element.set(attribute, str(len(list(element.iter(result)))))
