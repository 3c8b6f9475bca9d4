"""One cell as a story: everything that happened in it, line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from chaos.checks import judging
from chaos.faults import FAULTS
from chaos.history.schema import COLUMNS
from chaos.report import print_story as print_lines
from chaos.report import write_timeline
from chaos.report.stories import tell
from chaos.sweep.results import Results

_TOLD = ("enqueue", "start", "end", "transition", "final")


def print_story(results: Results, console: Console) -> None:
    """Print the story of the last run of a cell, and write its timeline beside its history."""
    run = results.judged[-1].run
    _line(console, f"{run.cell.life}: {run.cell.story.meaning}", "bold")
    for fault in run.cell.faults:
        meaning = FAULTS[fault.fault].meaning
        _line(console, f"{fault.fault} at {fault.at}, {fault.side}: {meaning}")
    events = sorted(_events(run.directory), key=lambda event: event["t"])
    origin = events[0]["t"] if events else 0
    lines = tell([event for event in events if _is_told(event)], origin)
    print_lines((line | {"who": line["who"].partition("-")[2]} for line in lines), console)
    timeline = run.directory / "timeline.html"
    with judging(run.directory) as (verdict, history):
        write_timeline(history, verdict, timeline)
    _line(console, f"as a picture: {timeline}")


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style=style), soft_wrap=True)


def _is_told(event: dict[str, Any]) -> bool:
    if event["type"] == "fault":
        return event["event"] in ("landed", "healed")
    return event["type"] in _TOLD and event["job"] is not None


def _events(directory: Path) -> Iterator[dict[str, Any]]:
    nothing = dict.fromkeys(COLUMNS)
    for path in (directory / "history").glob("*.jsonl"):
        for line in path.read_bytes().splitlines():
            yield nothing | json.loads(line)
