"""Writes the script that shows a finding again, and the text of an issue about it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from chaos.guarantees import GUARANTEES
from chaos.public.queues import Said, known_of, said_by
from chaos.report.templates import templates
from chaos.repro.copying import copied, source_of
from chaos.repro.finding import FATES, Finding
from chaos.repro.inlined.stage import Case
from chaos.repro.programs import Programs, programs_of, shown

_MACHINERY = ("fates", "server", "processes", "stage")
_WIDTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The two files about a finding."""

    script: Path
    issue: Path


def write(finding: Finding, out: Path) -> Written:
    """Write both into a directory. Raises `NotCopied` for a target that no script can have."""
    programs = programs_of(finding.found)
    out.mkdir(parents=True, exist_ok=True)
    script = out / finding.script
    issue = script.with_suffix(".md")
    script.write_text(_render("script.py", finding, programs))
    script.chmod(0o755)
    issue.write_text(_render("issue.md", finding, programs))
    return Written(script=script, issue=issue)


def _render(name: str, finding: Finding, programs: Programs) -> str:
    environment = templates(Path(__file__).parent)
    environment.filters |= {"quoted": _quoted, "called": _called, "wrapped": _wrapped}
    machinery = (*_MACHINERY, "proxy") if finding.play == "crash_point" else _MACHINERY
    said = said_by(finding.found.name)
    files = {**programs.files, "chaos_job.py": source_of("chaos_job")}
    return environment.get_template(f"{name}.jinja").render(
        finding=finding,
        programs=programs,
        files=files,
        packages=shown(programs.packages),
        code=copied([f"plays.{finding.play}", *machinery, "main"]),
        meaning=FATES[finding.case.fate],
        guarantee=GUARANTEES[finding.guarantee] if finding.guarantee else None,
        promises=[one for one in said if finding.promised and one.guarantee == finding.guarantee],
        others=_others(said, finding),
        known=known_of(finding.found.name, finding.part),
    )


def _others(said: tuple[Said, ...], finding: Finding) -> list[Said]:
    """What the queue says of itself beside the promise in question."""
    return [one for one in said if not (finding.promised and one.guarantee == finding.guarantee)]


def _quoted(text: str) -> str:
    """A text as a Python literal that can be read, if it can be one."""
    if "'''" in text or not text.endswith("\n"):
        return repr(text)
    return f"r'''{text}'''" if "\\" in text else f"'''\\\n{text}'''"


def _called(case: Case) -> str:
    """The expression that makes this value; fields that are as usual are left out."""
    usual: Any = Case(fate="", wait_s=0)
    told = {field.name: getattr(case, field.name) for field in fields(case)}
    given = [f"{name}={value!r}" for name, value in told.items() if value != getattr(usual, name)]
    return f"Case({', '.join(given)})"


def _wrapped(text: str, width: int = _WIDTH) -> str:
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)
