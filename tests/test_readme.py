"""Every command and program in the README works as it stands there."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

from redis import Redis

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_ci_runs_exactly_the_test_command() -> None:
    (command,) = [block.strip() for block in blocks("console") if block.strip().endswith("/tox")]

    assert "\n" not in command
    assert (ROOT / ".ci" / "run").read_text().splitlines()[-1] == command


def test_the_producer_and_worker_of_the_readme_run(url: str, admin: Redis, tmp_path: Path) -> None:
    (program,) = blocks("python")
    script = tmp_path / "example.py"
    script.write_text(program)
    environment = {**os.environ, "REDIS_URL": url, "PYTHONPATH": str(Path.cwd())}

    done = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, timeout=60
    )

    assert done.stdout == "charged\n", done.stderr
    assert admin.get("balance:ann") == b"-250"


def table(text: str, first: str) -> dict[str, dict[str, str]]:
    """The first table of a page whose first column has this name: its rows by their first cell."""
    lines = iter(text.splitlines())
    head = next(line for line in lines if line.startswith(f"| {first} |"))
    names = cells(head)
    next(lines)
    rows = [cells(line) for line in itertools.takewhile(lambda line: line.startswith("|"), lines)]
    return {row[0]: dict(zip(names, row, strict=True)) for row in rows}


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def test_what_it_says_of_public_queues_is_what_was_found() -> None:
    found = table((ROOT / "docs" / "results.md").read_text("utf-8"), "queue")
    shown = table(README, "queue")
    assert shown.keys() == found.keys()
    for queue, row in shown.items():
        assert row.items() <= found[queue].items()
