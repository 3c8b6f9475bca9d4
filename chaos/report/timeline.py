"""A run as one HTML page: processes, attempts and faults over time, and the story of each job."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from chaos.checks.verdict import Verdict
from chaos.guarantees import ANOMALIES
from chaos.history.reader import History
from chaos.report.files import replace_file
from chaos.report.scene import Scene
from chaos.report.words import (
    MEANINGS,
    PHASES,
    SEED_NOTE,
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

_TEMPLATES = Environment(
    loader=PackageLoader("chaos.report", "."),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEXT_LENGTH = 2_000


def write_timeline(history: History, verdict: Verdict, path: Path) -> None:
    """Write `timeline` to a file. Raises OSError when that cannot be written."""
    replace_file(path, timeline(history, verdict).encode())


def timeline(history: History, verdict: Verdict) -> str:
    """The page of a judged run, as `judging` hands it over: one file, which needs no other.

    Its size is bounded; it says what it leaves out.
    """
    scene = Scene(history.db, verdict)
    drawn = scene.to_json()
    return _TEMPLATES.get_template("timeline.html").render(
        **_about(verdict), drawn=drawn, left_out=scene.left_out
    )


def _about(verdict: Verdict) -> dict[str, Any]:
    """The words around the drawing."""
    listed = promises(verdict)
    return {
        "scenario": scenario_of(verdict),
        "outcome": str(verdict.outcome),
        "meaning": MEANINGS[verdict.outcome],
        "exit_code": verdict.outcome.exit_code,
        "ran": what_was_run(verdict),
        "faults": what_was_done(verdict.faults),
        "counted": what_was_counted(verdict.counts),
        "seed": setting(verdict.run, "seed"),
        "seed_note": SEED_NOTE,
        "command": setting(verdict.run, "command"),
        "promises": listed,
        "tally": Counter(str(promise.state) for promise in listed),
        "broken": [
            {
                "anomaly": check.anomaly,
                "guarantee": check.guarantee,
                "promised": check.promised,
                "meaning": ANOMALIES[check.anomaly].meaning if check.anomaly in ANOMALIES else "",
                "why": [plain(row.get("why"), _TEXT_LENGTH) for row in check.rows],
                "more": max(check.broken - len(check.rows), 0),
            }
            for check in verdict.broken
        ],
        "unknown_because": [plain(reason, _TEXT_LENGTH) for reason in verdict.unknown_because],
        "unknowable": unknowable(verdict),
        "words": words_of(verdict) | PHASES,
    }
