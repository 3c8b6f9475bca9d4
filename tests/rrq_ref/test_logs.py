"""Every log line says which worker it is from and which queues that serves."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rrq_ref.logs import ROOT, WorkerLog, configure

from .program import eventually, launched

LINE = re.compile(
    r"\d{4}-\d\d-\d\d [\d:,]+ (INFO|WARNING|ERROR)"
    r" \[(rrq_worker_\d+_[0-9a-f]{12}|fleet_\d+) fast,slow\] .+"
)


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    logger = logging.getLogger(ROOT)
    before = (logger.handlers[:], logger.level, logger.propagate)
    yield io.StringIO()
    logger.handlers[:], level, logger.propagate = before
    logger.setLevel(level)


def test_a_plain_line_names_worker_and_queues(stream: io.StringIO) -> None:
    configure(stream=stream)
    WorkerLog("worker", "w-1", ["fast", "slow"]).warning("job %s: odd", "a")
    assert re.search(r" WARNING \[w-1 fast,slow\] job a: odd$", stream.getvalue().rstrip())


def test_a_json_line_is_one_object_also_with_an_exception(stream: io.StringIO) -> None:
    configure(json_lines=True, stream=stream)
    log = WorkerLog("worker", "w-1", ["fast", "slow"])
    try:
        raise ValueError("two\nlines")
    except ValueError:
        log.exception("it %s", "failed")
    (line,) = stream.getvalue().splitlines()
    entry = json.loads(line)
    assert entry.pop("exception").endswith("ValueError: two\nlines")
    assert entry.pop("time")
    assert entry == {
        "level": "ERROR", "logger": "rrq_ref.worker", "worker_id": "w-1", "queues": "fast,slow",
        "message": "it failed",
    }  # fmt: skip


def test_lines_of_others_under_this_name_are_no_error(stream: io.StringIO) -> None:
    configure(stream=stream)
    logging.getLogger("rrq_ref.mine").warning("from a handler")
    assert "[- -] from a handler" in stream.getvalue()


def test_the_level_is_heeded_and_nothing_is_said_twice(stream: io.StringIO) -> None:
    for _ in range(2):
        configure(stream=stream, level="WARNING")
    log = WorkerLog("worker", "w-1", ["default"])
    log.info("quiet")
    log.warning("loud")
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize("json_lines", [False, True])
def test_every_line_of_a_fleet_names_its_process_and_its_queues(
    url: str, tmp_path: Path, json_lines: bool
) -> None:
    """Start, a crash, a restart, a drain: whoever writes them."""
    settings = {"queues": ["fast", "rrq:queue:slow"]}
    with launched("fleet", tmp_path, url, json=json_lines, settings=settings) as program:
        eventually(lambda: program.log().count("started") == 2)
        program.workers()[0].kill()
        eventually(lambda: program.log().count("started") == 3)
        program.process.signal(15)
        assert program.wait() == 0
        lines = program.log().splitlines()
    assert len(lines) > 6
    for line in lines:
        if json_lines:
            entry = json.loads(line)
            assert re.fullmatch(r"rrq_worker_\d+_[0-9a-f]{12}|fleet_\d+", entry["worker_id"])
            assert entry["queues"] == "fast,slow"
        else:
            assert LINE.fullmatch(line), line
    workers = set(re.findall(r"rrq_worker_\d+", "\n".join(lines)))
    assert len(workers) == 3
