"""Every log line names the worker that it is from, and that worker's queues."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rrq_ref import Settings, SyncClient
from rrq_ref.logs import ROOT, WorkerLog, configure

from .commands import command
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
    """Start, crash, restart and drain, whichever process writes the line."""
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


# Nothing forges a line

FORGED = "2026-01-01 00:00:00,000 INFO [w default] forged"
RECORD = re.compile(r"\d{4}-\d\d-\d\d [\d:,]+ [A-Z]+ \[.*\] ")
#: What a terminal or a reader of lines may take for the end of one, or for a command.
BREAKS = [
    "\n",
    "\r",
    "\r\n",
    "\v",
    "\f",
    "\x1c",
    "\x85",
    "\u2028",
    "\x1b[2K\r",
    "\0",
    "\u202e",
    "\x9b1A",
]


@pytest.mark.parametrize("odd", BREAKS, ids=ascii)
def test_no_text_from_outside_begins_a_line(stream: io.StringIO, odd: str) -> None:
    configure(stream=stream)
    log = WorkerLog("worker", f"w{odd}{FORGED}", [f"q{odd}{FORGED}"])
    log.warning("job %s: odd", f"a{odd}{FORGED}")
    try:
        raise ValueError(f"x{odd}{FORGED}") from KeyError(f"y{odd}{FORGED}")
    except ValueError:
        log.exception("it failed: %s", f"{odd}{FORGED}")
        logging.getLogger("rrq_ref.mine").exception("mine %s", f"{odd}{FORGED}")
    written = stream.getvalue()
    lines = written.splitlines()
    assert all(line.isprintable() for line in lines)
    assert sum(bool(RECORD.match(line)) for line in lines) == 3
    assert all(line.startswith("  | ") for line in lines if not RECORD.match(line))
    assert written.count("\n") == len(lines)


def test_an_exception_that_cannot_be_shown_costs_no_line(stream: io.StringIO) -> None:
    class Mute(Exception):
        @property
        def __class__(self) -> Any:
            raise SystemExit

        @__class__.setter
        def __class__(self, _: Any) -> None: ...

        def __str__(self) -> str:
            raise SystemExit

    for json_lines in (False, True):
        configure(json_lines=json_lines, stream=stream)
        try:
            raise Mute
        except Exception:  # noqa: BLE001 - isinstance would ask for its class
            WorkerLog("worker", "w", ["q"]).exception("it failed")
    assert stream.getvalue().count("it failed") == 2


# What handlers write

HANDLERS = """
import asyncio, logging, sys, threading
{setup}
log = logging.getLogger("app.jobs")

async def asynchronous(ctx):
    log.info("async %s", "line\\nforged")
    await asyncio.to_thread(log.warning, "of a thread of its own")
    try:
        raise ValueError("two\\nlines")
    except ValueError:
        logging.getLogger(__name__).exception("caught")

def plain(ctx):
    logging.info("plain")
    log.info("with extras", extra={{"queues": "mine", "worker_id": "me", "other": 1}})
    thread = threading.Thread(target=log.info, args=("of a bare thread",))
    thread.start()
    thread.join()

HANDLERS = {{"asynchronous": asynchronous, "plain": plain}}
"""


def _logged(url: str, folder: Path, *words: str, setup: str = "") -> list[str]:
    """The log lines of a worker that has run both handlers."""
    (folder / "log_handlers.py").write_text(HANDLERS.format(setup=setup))
    with SyncClient(Settings(redis_url=url, queues=("mail",))) as client:
        ids = [client.enqueue(name).id for name in ("asynchronous", "plain")]
        options = [
            "--handlers",
            "log_handlers",
            "--burst",
            "--queues",
            "mail",
            "--num-workers",
            "1",
        ]
        done = command(folder, "--redis", url, "worker", *options, *words)
        assert done.code == 0, done.err
        assert [client.job(job_id).status for job_id in ids] == ["COMPLETED", "COMPLETED"]
    return done.lines + done.err.splitlines()


SAID = ["async line", "of a thread of its own", "caught", "plain", "of a bare thread"]


def test_handlers_own_lines_name_worker_and_queues(url: str, tmp_path: Path) -> None:
    lines = _logged(url, tmp_path)
    records = [line for line in lines if not line.startswith("  | ")]
    (who,) = set(re.findall(r"\[(rrq_worker_\d+_[0-9a-f]{12}) mail\]", "\n".join(records)))
    for said in SAID:
        (line,) = [line for line in records if f"] {said}" in line]
        assert f"[{who} mail]" in line
    assert all(f"[{who} mail]" in line or "[me mine] with extras" in line for line in records)
    assert any(line.endswith("async line\\nforged") for line in records)
    assert "  | lines" in lines


def test_handlers_own_lines_name_worker_and_queues_in_json(url: str, tmp_path: Path) -> None:
    entries = [json.loads(line) for line in _logged(url, tmp_path, "--log", "json")]
    (who,) = {entry["worker_id"] for entry in entries} - {"me"}
    for said in SAID:
        (entry,) = [one for one in entries if one["message"].startswith(said)]
        assert (entry["worker_id"], entry["queues"]) == (who, "mail")
    (entry,) = [one for one in entries if one["worker_id"] == "me"]
    assert (entry["message"], entry["queues"]) == ("with extras", "mine")


@pytest.mark.parametrize(
    "setup",
    [
        "logging.basicConfig(level='INFO', stream=sys.stdout, format="
        "'MINE %(name)s %(worker_id)s %(queues)s %(message)s')",
        "own = logging.StreamHandler(sys.stdout)\n"
        "form = 'MINE %(name)s %(worker_id)s %(queues)s %(message)s'\n"
        "own.setFormatter(logging.Formatter(form))\n"
        "logging.getLogger('app').addHandler(own)\n"
        "logging.getLogger('app').setLevel('INFO')\n"
        "logging.getLogger('app').propagate = False",
    ],
    ids=["root", "named"],
)
def test_an_applications_own_logging_is_kept_and_can_show_them(
    url: str, tmp_path: Path, setup: str
) -> None:
    lines = _logged(url, tmp_path, setup=setup)
    (line,) = [line for line in lines if "of a bare thread" in line]
    assert re.fullmatch(r"MINE app.jobs rrq_worker_\d+_[0-9a-f]{12} mail of a bare thread", line)
    assert "MINE app.jobs me mine with extras" in lines
    assert not [line for line in lines if "MINE rrq_ref" in line]


def test_a_logging_that_is_there_is_left_alone(stream: io.StringIO) -> None:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    assert before[0] != []  # pytest's own
    configure(stream=stream, level="ERROR")
    assert (root.handlers, root.level) == before
