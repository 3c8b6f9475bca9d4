"""Works as a job's plan says, and writes each start and end of a handler into a file."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_LOG = Path(os.environ.get("REPRO_LOG", ""))


class PlannedFailure(Exception):
    """A failure that the job's plan asks for."""


def run(job: str | dict[str, Any]) -> None:
    with _logged(job) as work_s:
        time.sleep(work_s)


async def run_async(job: str | dict[str, Any]) -> None:
    with _logged(job) as work_s:
        await asyncio.sleep(work_s)


@contextmanager
def _logged(job: str | dict[str, Any]) -> Iterator[float]:
    """Says how long to work."""
    told = json.loads(job) if isinstance(job, str) else job
    name, plan = told["id"], told["plan"]
    starts, failures = _count(name, "start"), _count(name, "error")
    _write(name, "start")
    if plan["do"] == "die" and not Path(plan["mended"]).exists():
        os.kill(os.getpid(), signal.SIGKILL)
    try:
        yield 0 if plan["do"] == "once" and starts else plan.get("ms", 0) / 1000
        if plan["do"] == "fail" and failures < plan["times"]:
            raise PlannedFailure("as its plan asks for")
    except BaseException as error:
        cancelled = isinstance(error, asyncio.CancelledError | KeyboardInterrupt | SystemExit)
        _write(name, "cancelled" if cancelled else "error")
        raise
    _write(name, "ok")


def _write(name: str, word: str) -> None:
    line = {"t": time.time(), "job": name, "word": word, "pid": os.getpid()}
    with _LOG.open("a") as log:
        print(json.dumps({**line, "worker": os.environ["REPRO_WORKER"]}), file=log)


def _count(name: str, word: str) -> int:
    with _LOG.open() as log:
        lines = [json.loads(line) for line in log]
    return sum((line["job"], line["word"]) == (name, word) for line in lines)
