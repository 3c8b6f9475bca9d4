"""The pages about anomalies and about the history say what the code does, and all of it."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from chaos.checks import Outcome
from chaos.checks.judge import TIMING_MS
from chaos.guarantees import GUARANTEES, Guarantee
from chaos.history.schema import COLUMNS, REQUIRED, REQUIRED_OF_WORD, WORDS
from tests.chaos.checks.goldens import all_goldens
from tests.chaos.checks.story import Story

ROOT = Path(__file__).parents[3]
ANOMALIES_PAGE = ROOT / "docs" / "anomalies.md"
HISTORY_PAGE = ROOT / "docs" / "history.md"
# The pages are the same on every Python.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not HISTORY_PAGE.exists(), reason="docs/ is not installed"),
]

SQL_TYPES = {"text": "VARCHAR", "integer": "BIGINT", "boolean": "BOOLEAN"}


def sections(page: Path, level: str) -> dict[str, str]:
    """The text under each heading of the form ### `name`."""
    parts = re.split(rf"^{level} `(.+)`$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    texts = [re.split(r"^## ", part, flags=re.MULTILINE)[0] for part in parts[2::2]]
    return dict(zip(parts[1::2], texts, strict=True))


def table(text: str) -> dict[str, tuple[str, str, str]]:
    """field -> type, needed, meaning"""
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|([^|]*)\|(.*)\|$", text, re.MULTILINE)
    return {field: (kind.strip(), needed.strip(), meaning) for field, kind, needed, meaning in rows}


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("guarantee", GUARANTEES.values(), ids=lambda guarantee: guarantee.id)
def test_each_guarantee_is_described_with_its_anomalies(guarantee: Guarantee) -> None:
    text = flat(sections(ANOMALIES_PAGE, "###")[guarantee.id])
    assert guarantee.sentence[1:] in text
    link = r"\*\*\[`([\w-]+)`\]\(\.\./(chaos/checks/\w+\.sql)\)\*\*"
    told = re.findall(link + r": (.+?) \* Looked at: ", text)
    assert [(name, meaning) for name, _, meaning in told] == [
        (anomaly.id, anomaly.meaning) for anomaly in guarantee.anomalies
    ]
    assert all((files("chaos.checks") / Path(path).name).is_file() for _, path, _ in told)
    assert text.count("* Bad: ") == text.count("* Near miss: ") == len(told)


def test_no_other_guarantee_is_described() -> None:
    assert list(sections(ANOMALIES_PAGE, "###")) == list(GUARANTEES)


def test_the_verdicts_are_described() -> None:
    text = ANOMALIES_PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\d) \|", text, re.MULTILINE)
    assert {word: int(code) for word, code in rows} == {str(o): o.exit_code for o in Outcome}


def test_each_type_of_event_is_described() -> None:
    assert set(sections(HISTORY_PAGE, "###")) == set(REQUIRED)


def test_each_field_is_described_with_its_type() -> None:
    fields = re.findall(
        r"^\| `(\w+)` \| (text|integer|boolean) \|", HISTORY_PAGE.read_text("utf-8"), re.MULTILINE
    )
    assert {(name, SQL_TYPES[kind]) for name, kind in fields} == set(COLUMNS.items())


@pytest.mark.parametrize("type_", REQUIRED)
def test_needed_fields_and_words_are_described(type_: str) -> None:
    fields = table(sections(HISTORY_PAGE, "###")[type_])
    assert {name for name, row in fields.items() if row[1] == "yes"} == set(REQUIRED[type_])
    for (of, field), words in WORDS.items():
        if of == type_:
            assert set(re.findall(r"`([\w-]+)`", fields[field][2])) >= set(words)


def test_what_each_final_event_needs_is_described() -> None:
    fields = table(sections(HISTORY_PAGE, "###")["final"])
    for (_, column, what), needed in REQUIRED_OF_WORD.items():
        if column == "what":
            assert {name for name, row in fields.items() if f"`{what}`" in row[1]} == set(needed)


def test_the_fields_of_all_golden_histories_are_described() -> None:
    described = {type_: set(table(text)) for type_, text in sections(HISTORY_PAGE, "###").items()}
    for golden in all_goldens():
        story = Story()
        golden.tell(story)
        for event in story.events:
            fields = {name for name, value in event.items() if value is not None}
            assert fields - {"t", "process", "pid", "type"} <= described[event["type"]], golden.id


def test_the_durations_of_a_run_are_described() -> None:
    text = HISTORY_PAGE.read_text(encoding="utf-8").partition("## `run.json`")[2]
    assert set(re.findall(r"`(\w+_ms)`", text)) == set(TIMING_MS)
