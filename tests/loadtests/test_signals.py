"""Ctrl-C and SIGTERM under a load that keeps Locust busy: always a verdict, and nothing left."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from chaos.load.protocol import ORDERS
from chaos.servers.ports import free_port
from tests.loadtests.running import Locust

pytestmark = pytest.mark.slow

#: Under this load a signal that Python raises hits a user's greenlet nearly every time.
BUSY = ("-u", "150", "-r", "150", "SingleEnqueues", "UniqueJobs", "FailingJobs")
OPTIONS = ("--fleet-workers", "2", "--only-summary")


def started(locust: Locust) -> bool:
    """True if the load is on: hundreds of jobs were enqueued, and some have run."""
    enqueued = locust.history("producer-*.jsonl").count('"phase":"ok"')
    return enqueued > 500 and '"type":"start"' in locust.history("fleet-*.jsonl")


@pytest.mark.parametrize("turn", range(3))
def test_ctrl_c_under_load_ends_with_a_verdict(tmp_path: Path, turn: int) -> None:
    words = (*OPTIONS, "--out", str(tmp_path / "run"), "--headless", *BUSY)
    with Locust(tmp_path, *words) as locust:
        locust.wait_for("load", lambda: started(locust))
        locust.signal(signal.SIGINT)
        assert locust.end() == 0, locust.text
        assert locust.verdicts() == ["PASS"]
        assert "Traceback" not in locust.text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("processes", [(), ("--processes", "2")])
def test_a_signal_to_the_whole_group_twice_is_as_one(
    tmp_path: Path, number: signal.Signals, processes: tuple[str, ...]
) -> None:
    words = (*OPTIONS, "--out", str(tmp_path / "run"), "--headless", *BUSY, *processes)
    port = str(free_port())  # of the first of these processes
    ports = ("--master-bind-port", port, "--master-port", port) if processes else ()
    with Locust(tmp_path, *words, *ports, group=True) as locust:
        locust.wait_for("load", lambda: started(locust))
        locust.signal(number)
        os.killpg(locust.process.pid, number)
        os.killpg(locust.process.pid, number)
        assert locust.end() == 0, locust.text
        assert locust.verdicts() == ["PASS"]


def test_a_second_ctrl_c_cuts_the_judgement_short_and_that_is_unknown(tmp_path: Path) -> None:
    # The work that is left takes long: these jobs sleep, and there are many.
    words = (*OPTIONS, "--out", str(tmp_path / "run"), "--headless", "-u", "150", "-r", "150")
    with Locust(tmp_path, *words, "--worker-concurrency", "1", "LongJobs") as locust:
        locust.wait_for("load", lambda: '"start"' in locust.history("fleet-*.jsonl"))
        locust.signal(signal.SIGINT)
        locust.wait_for("the rest", lambda: "jobs are left to do" in locust.text)
        time.sleep(1.1)  # the time within which two signals are one
        locust.signal(signal.SIGINT)
        assert locust.end() == 3, locust.text
        assert locust.verdicts() == ["UNKNOWN"]
        assert "the run was cut short" in locust.text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_with_the_web_page_it_is_the_same(tmp_path: Path, number: signal.Signals) -> None:
    words = (*OPTIONS, "--out", str(tmp_path / "run"), "--web-port", str(free_port()))
    with Locust(tmp_path, *words, "--autostart", *BUSY) as locust:
        locust.wait_for("load", lambda: started(locust))
        locust.signal(number)
        assert locust.end() == 0, locust.text
        assert locust.verdicts() == ["PASS"]


def test_a_master_whose_workers_do_not_come_can_be_interrupted(tmp_path: Path) -> None:
    words = (*OPTIONS, "--out", str(tmp_path / "run"), "--headless", "--master")
    port = ("--master-bind-port", str(free_port()), "--loglevel", "DEBUG")
    with Locust(tmp_path, *words, *port, *BUSY) as locust:
        locust.wait_for("its wait", lambda: "Waiting for workers to be ready" in locust.text)
        locust.signal(signal.SIGINT)
        assert locust.end() == 3, locust.text
        assert locust.verdicts() == ["UNKNOWN"]
        assert "Traceback" not in locust.text


def test_the_web_page_asks_for_nothing_that_the_supervisor_does_not_know(tmp_path: Path) -> None:
    port = free_port()

    def post(**form: object) -> tuple[bool, str]:
        data = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/swarm", data, timeout=30) as answer:
            told = json.load(answer)
        return told["success"], told["message"]

    words = (*OPTIONS, "--out", str(tmp_path / "run"), "--web-port", str(port))
    with Locust(tmp_path, *words, "SingleEnqueues") as locust:
        locust.wait_for("the page", lambda: listens(port))
        load = {"user_count": 2, "spawn_rate": 2}
        for wrong in ("kill\nfinish", "\n", "none\r\nfinish", "storm", ""):
            assert post(**load, chaos=wrong) == (
                False,
                f"chaos cannot be {wrong!r}; choose one of {', '.join(ORDERS)}",
            )
        for odd in ({"shape": "round"}, {"chaos_run": "{}"}, {"fleet_workers": "2\n"}):
            assert not post(**load, **odd)[0]
        assert post(**load, chaos="none", redis="redis://h\n:1", out="a\nb")[0]
        locust.wait_for("work", lambda: '"type":"start"' in locust.history("fleet-*.jsonl"))
        locust.signal(signal.SIGTERM)
        assert locust.end() == 0, locust.text
        assert locust.verdicts() == ["PASS"]


def listens(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/worker-count", timeout=5).close()
    except OSError:
        return False
    return True
