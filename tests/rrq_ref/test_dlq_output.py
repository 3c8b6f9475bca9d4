"""`dlq … | head`: the reader of the lines may leave, and no work stops half-way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import rrq_ref
from rrq_ref import keys

from .conftest import Leaks
from .database import Database

MANY = 3_000  # lines, more than a pipe holds


@pytest.fixture(autouse=True)
def dead(database: Database, leaks: Leaks) -> None:
    leaks.allow(keys.job("*"))
    with database.redis.pipeline(transaction=False) as pipe:
        for n in range(MANY):
            fields = {"status": "FAILED", "queue_name": "default", "last_error": "x" * 50}
            pipe.hset(keys.job(f"é-{n}"), mapping=fields)
            pipe.expire(keys.job(f"é-{n}"), 600)
            pipe.lpush(keys.dlq("default"), f"é-{n}")
        pipe.execute()


def start(url: str, *words: str, **environment: str) -> subprocess.Popen[bytes]:
    folder = str(Path(rrq_ref.__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, "-m", "rrq_ref", "--redis", url, "dlq", *words],
        env={**os.environ, "PYTHONPATH": folder, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("lines", [0, 1])
@pytest.mark.parametrize(
    ("words", "left"), [(["list"], MANY), (["requeue"], 0), (["delete", "--id", "é-7"], MANY - 1)]
)
def test_a_reader_that_leaves_ends_nothing_half_way(
    url: str, database: Database, words: list[str], left: int, lines: int
) -> None:
    process = start(url, *words)
    assert process.stdout is not None
    assert process.stderr is not None
    for _ in range(lines):
        assert process.stdout.readline().startswith((b"DONE", "é".encode()))
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(60), said) == (0, b"")
    assert database.redis.llen(keys.dlq("default")) == left
    queued = MANY if words == ["requeue"] else 0
    assert database.redis.zcard(keys.queue("default")) == queued


def test_an_output_that_knows_no_such_letters_gets_them_escaped(url: str) -> None:
    process = start(url, "list", "--id", "é-7", PYTHONIOENCODING="ascii")
    out, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, b"")
    assert out.startswith(b"\\xe9-7 - - x")
