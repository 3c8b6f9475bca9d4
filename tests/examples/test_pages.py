"""What the pages show of the naive queue is what is in its files, and what it prints."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis

from chaos.evidence import Evidence
from chaos.guarantees import ANOMALIES
from tests.chaos.rig.running import LIMIT_S
from tests.examples.conftest import NaiveRun

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "test-your-own-queue.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
EXAMPLES = [ROOT / "examples" / name for name in ("naive_queue", "two_programs")]
#: The exit code of a program on the page, and what it shows; of any other, a run that fails.
SHOWS = {"infer": (0, "claim: BLPOP naive:default"), "chaos.sweep": (1, "F lost")} | {
    "chaos.questions.killed": (0, "killed: lost: not again within")
}


def blocks(page: str, language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return [text for word, text in found if word == language]


@pytest.mark.parametrize("block", blocks(PAGE, "python"))
def test_every_program_on_the_page_is_part_of_a_file(block: str) -> None:
    files = [path.read_text("utf-8") for each in EXAMPLES for path in each.glob("*.py")]
    assert any(block in text for text in files)


def commands() -> list[str]:
    lines = [line for block in blocks(PAGE, "console") for line in block.splitlines()]
    return [line.removeprefix("$ ") for line in lines]


@pytest.mark.slow
@pytest.mark.parametrize("command", commands())
def test_every_command_on_the_page_runs_as_it_says(
    command: str, url: str, admin: Redis, tmp_path: Path
) -> None:
    del admin  # it empties the database
    words = shlex.split(command.replace("redis://localhost:6379/9", url))
    environment = dict(word.split("=", 1) for word in words if word.startswith("CHAOS_REDIS="))
    python, *rest = words[len(environment) :]
    assert python == "python"
    done = subprocess.run(
        [sys.executable, *rest],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    shows = (SHOWS[word] for word in rest if word in SHOWS)
    code, shown = next(shows, (1, "lost breaks no-loss"))
    assert done.returncode == code, done.stdout + done.stderr
    assert shown in done.stdout


def alike(line: str) -> str:
    """A line without its numbers, and without the side of a fault, which may differ."""
    return re.sub(r"\d+|(before|after)-reply", "#", " ".join(line.split()))


@pytest.mark.slow
def test_the_readme_shows_what_the_naive_queue_prints(naive: NaiveRun) -> None:
    (command,) = [line for line in blocks(README, "console") if "naive_queue" in line]
    assert f"\n  {command.removeprefix('$ ')}" in naive.done.stdout
    shown = next(block for block in blocks(README, "") if "ran     naive_queue" in block)
    printed = {alike(line) for line in naive.done.stdout.splitlines()}
    printed.add("and # more")  # if there are: a victim may get its job done before it is dead
    assert [line for line in shown.splitlines() if alike(line) not in printed] == []


def test_the_readme_begins_with_a_picture_that_is_there() -> None:
    picture = re.search(r"!\[[^\]]+\]\((docs/[^)]+)\)", README)
    assert picture is not None
    assert 0 < (ROOT / picture[1]).stat().st_size < 200_000
    assert picture.start() < README.index("## Two commands")


def test_the_page_says_what_each_evidence_is_needed_for() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \| (`[a-z`, -]+) \|$", PAGE, re.MULTILINE)
    told = {evidence: set(re.findall(r"`([a-z-]+)`", anomalies)) for evidence, anomalies in rows}
    # Of `double-commit`, which can be looked for in two ways, the table has the first.
    assert told == {
        str(evidence): {
            anomaly.id
            for anomaly in ANOMALIES.values()
            if anomaly.needs and evidence in anomaly.needs[0]
        }
        for evidence in Evidence
    }
