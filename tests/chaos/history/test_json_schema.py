"""The published JSON Schema takes what the reader takes, and refuses what it refuses."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from chaos.history.event import Event
from chaos.history.events import EVENTS
from chaos.history.json_schema import json_schema
from chaos.history.reader import read_history
from chaos.history.schema import COLUMNS, DURATIONS, STAMP, TIMES, WORDS, fields_of
from tests.chaos.checks.goldens import all_goldens
from tests.chaos.checks.story import Story
from tests.chaos.rig.running import run

Line = dict[str, Any]
SCHEMA = Draft202012Validator(json_schema())
STARTED: Line = {"t": 1, "process": "worker-1", "pid": 11, "type": "start", "job": "j"}


def refused(run_dir: Path) -> list[str]:
    """The lines of a run that break the schema, and how."""
    lines = [
        json.loads(line)
        for path in (run_dir / "history").glob("*.jsonl")
        for line in path.read_bytes().splitlines()
    ]
    assert lines
    wrong = [(line, error) for line in lines for error in SCHEMA.iter_errors(line)]
    return [f"{error.message}: {line}" for line, error in wrong]


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(json_schema())


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [("chaos.mixed", "--seconds", "2"), ("chaos.redis_killed", "--durability", "always")],
    ids=lambda words: words[0],
)
def test_the_histories_of_real_runs_keep_to_it(words: tuple[str, ...], tmp_path: Path) -> None:
    done = run(*words, "--seed", "1", "--out", str(tmp_path / "run"))

    assert done.returncode == 0, done.stdout + done.stderr
    assert refused(tmp_path / "run") == []


def test_the_golden_histories_keep_to_it() -> None:
    shapes: dict[frozenset[str], Line] = {}
    for golden in all_goldens():
        story = Story()
        golden.tell(story)
        for event in story.events:
            said = {f"{name} {event[name]}" for _, name in WORDS if name in event}
            shapes.setdefault(frozenset([event["type"], *said, *event]), event)
    assert len(shapes) > 50
    assert [event for event in shapes.values() if not SCHEMA.is_valid(event)] == []


@pytest.mark.parametrize(
    "change",
    [
        {"t": None},
        {"t": -1},
        {"pid": "11"},
        {"type": "greeting"},
        {"job": None},
        {"job": 5},
        {"token": True},
        {"token": 2**63},
        {"doomed": "yes"},  # no field of a start, and of the wrong type all the same
        {"type": "end"},
        {"type": "end", "outcome": "fine"},
        {"type": "final", "what": "job"},
        {"type": "enqueue", "phase": "invoke", "op": None, "job": "1"},
    ],
    ids=repr,
)
def test_a_wrong_line_is_refused(change: Line) -> None:
    assert SCHEMA.is_valid(STARTED)
    assert not SCHEMA.is_valid(STARTED | change)


def test_what_is_not_known_is_ignored() -> None:
    assert SCHEMA.is_valid(STARTED | {"colour": [1], "worker": None})


# ------------------------------------------------------------- the same as the reader

_number = st.sampled_from([0, 1, -1, 7.0, 10**11, 10**11 + 1, 2**61, 2**61 + 1, 2**63 - 1, 2**63])
_anything = st.sampled_from([None, True, False, 1.5, "", "1", "true", [], {}, [1], {"a": 1}])
_word = st.sampled_from(sorted({word for words in WORDS.values() for word in words}))
_SPANS = {**dict.fromkeys(("t", *TIMES), (0, 2**61)), **dict.fromkeys(DURATIONS, (-1, 10**11))}
_FITTING: dict[str, st.SearchStrategy[Any]] = {
    "VARCHAR": st.text("ab-1", max_size=3),
    "BOOLEAN": st.booleans(),
}


def _fitting(column: str) -> st.SearchStrategy[Any]:
    return _FITTING.get(COLUMNS[column], st.integers(*_SPANS.get(column, (-(2**63), 2**63 - 1))))


@st.composite
def right_lines(draw: st.DrawFn) -> Line:
    """An event of the vocabulary, with some of the fields that may be left out."""
    event: type[Event] = draw(st.sampled_from(EVENTS))
    line: Line = {name: draw(_fitting(name)) for name in STAMP}
    line |= {"type": event.type} | ({event.word[0]: event.word[1]} if event.word else {})
    for field in fields_of(event):
        if field.needed or draw(st.booleans()):
            words = st.sampled_from(field.words) if field.words else _fitting(field.name)
            line[field.name] = draw(words)
    return line


@st.composite
def lines(draw: st.DrawFn) -> Line:
    """A line that is right, or has been changed in a place or two."""
    line = draw(right_lines())
    for _ in range(draw(st.integers(0, 2))):
        column = draw(st.sampled_from([*line, *COLUMNS, "unheard"]))
        if draw(st.booleans()):
            line.pop(column, None)
        else:
            line[column] = draw(_number | _anything | _word)
    number = line.get("n")
    if isinstance(number, int | float) and number > 1:
        line["n"] = 1  # or the lines before it are missed, which is no fault of this one
    return line


def taken_by_reader(given: list[Line]) -> list[bool]:
    """True if the reader takes each of these lines."""
    with tempfile.TemporaryDirectory() as directory:
        history = Path(directory) / "history"
        history.mkdir()
        (Path(directory) / "run.json").write_text('{"seed": 1}')
        for number, line in enumerate(given):
            (history / f"line {number}.jsonl").write_text(json.dumps(line) + "\n")
        with read_history(Path(directory)) as read:
            return [
                not any(problem.startswith(f"line {number}.jsonl ") for problem in read.problems)
                for number in range(len(given))
            ]


# Reading a history takes long, so each has many lines. Making a failing one smaller would take
# minutes, and tell no more: it names the lines.
@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@pytest.mark.slow
@given(given=st.lists(lines(), min_size=40, max_size=40))
def test_the_reader_and_the_json_schema_take_the_same_lines(given: list[Line]) -> None:
    read = zip(given, taken_by_reader(given), strict=True)
    assert [line for line, taken in read if taken is not SCHEMA.is_valid(line)] == []


@pytest.mark.slow
@settings(max_examples=30, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(line=lines())
def test_so_they_do_of_a_line_that_is_alone(line: Line) -> None:
    """A history is read in the fast way, unless that fails."""
    assert taken_by_reader([line]) == [SCHEMA.is_valid(line)]
