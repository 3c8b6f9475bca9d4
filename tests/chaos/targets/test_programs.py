"""A target of two programs: its enqueue program, and what is wrong with one."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from chaos.targets import EnqueueInDoubt, EnqueueRefused, Job, Target, WorkerSettings
from chaos.targets.programs import Enqueue, queue

URL = "redis://:secret@127.0.0.1:7/0"
STAYS = """
import json, os, sys
import chaos_job  # as it does that has its handlers in the same module
for line in sys.stdin:
    print("given-" + json.loads(line)["id"], os.environ["REDIS_URL"] == sys.argv[1], flush=True)
"""
LEAVES = "import json, sys; print('given-' + json.loads(sys.stdin.readline())['id'])"
JOBS = [Job(id=f"j{n}", plan={"do": "ok"}) for n in range(3)]


def target(enqueue: str | list[str] | Enqueue, **more: object) -> Target:
    return queue("mine", worker="python worker.py", enqueue=enqueue, **more)  # type: ignore[arg-type]


def program(text: str) -> Target:
    return target([sys.executable, "-c", text, "{url}"])


@pytest.mark.parametrize("text", [STAYS, LEAVES], ids=["stays", "leaves"])
def test_a_program_that_prints_an_id_for_each_job(text: str) -> None:
    mine = program(text)
    producer = mine.producer(URL, WorkerSettings())
    assert producer.enqueue(JOBS) == ["j0", "j1", "j2"]
    assert producer.enqueue(JOBS[:1]) == ["j0"]
    producer.close()
    assert mine.asks is not None
    names = mine.asks.names_of("j1")
    assert {b"j1"} < names
    assert any(name.startswith(b"given-j1") for name in names)


def test_paths_of_its_own_do_not_hide_chaos_job(tmp_path: Path) -> None:
    (tmp_path / "of_mine.py").touch()
    argv = [sys.executable, "-c", "import of_mine" + STAYS, "{url}"]
    mine = target(argv, env={"PYTHONPATH": str(tmp_path)})
    producer = mine.producer(URL, WorkerSettings())
    assert producer.enqueue(JOBS) == ["j0", "j1", "j2"]
    producer.close()
    assert "PYTHONPATH" in mine.worker.env
    assert mine.worker.env["PYTHONPATH"].endswith(f"on_path{os.pathsep}{tmp_path}")


def test_a_function_gets_the_job_as_a_text_and_the_url() -> None:
    seen = []

    def enqueue(job: str, url: str) -> str:
        seen.append((json.loads(job), url))
        return "given"

    job = Job(id="j1", plan={"do": "ok", "ms": 5}, delay_ms=100)
    assert target(enqueue).producer(URL, WorkerSettings()).enqueue([job]) == ["j1"]
    ((told, url),) = seen
    assert url == URL
    assert (told["id"], told["plan"], told["delay_ms"]) == ("j1", {"do": "ok", "ms": 5}, 100)


def test_a_job_without_an_id_is_given_one() -> None:
    producer = program(STAYS).producer(URL, WorkerSettings())
    (given,) = producer.enqueue([Job(plan={"do": "ok"})])
    producer.close()
    assert len(given) == 32


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("import sys; sys.stdin.readline()", "printed no id, and ended with 0"),
        ("import sys; sys.stdin.readline(); sys.exit('no')", "printed no id, and ended with 1"),
        ("import sys; [print(flush=True) for _ in sys.stdin]", "an empty line in place of an id"),
        ("", "printed no id, and ended with 0"),
    ],
)
def test_a_program_that_gives_no_id_leaves_doubt(text: str, what: str) -> None:
    producer = program(text).producer(URL, WorkerSettings())
    for _ in range(2):  # one that has ended is started again
        with pytest.raises(EnqueueInDoubt, match=what):
            producer.enqueue(JOBS)
    producer.close()


def test_a_function_that_raises_or_gives_no_id_leaves_doubt() -> None:
    def raises(job: str, url: str) -> str:
        raise LookupError(url)

    with pytest.raises(EnqueueInDoubt, match="LookupError"):
        target(raises).producer(URL, WorkerSettings()).enqueue(JOBS)
    with pytest.raises(EnqueueInDoubt, match="no id"):
        target(lambda job, url: "").producer(URL, WorkerSettings()).enqueue(JOBS)


def test_a_program_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(EnqueueRefused, match="cannot be started"):
        target(str(tmp_path / "none")).producer(URL, WorkerSettings())


@pytest.mark.parametrize(
    ("more", "right"),
    [
        ({"promises": "no-los"}, "did you mean 'no-loss'"),
        ({"promises": "no-loss, schedul"}, "did you mean 'schedule'"),
        ({"moments": {"claim": "BLPOP q"}}, "give again_within_s too"),
        ({"worker": ""}, "the worker of mine is empty"),
        ({"worker": "python 'x"}, "the worker of mine is no command"),
        ({"enqueue": 7}, "the enqueue of mine is no command"),
    ],
)
def test_what_cannot_be_a_target_is_refused_when_it_is_made(
    more: dict[str, object], right: str
) -> None:
    parts: dict[str, object] = {"worker": "python worker.py", "enqueue": "python enqueue.py"}
    with pytest.raises(ValueError, match=right):
        queue("mine", **{**parts, **more})  # type: ignore[arg-type]


def test_promises_may_be_a_text() -> None:
    assert target("python e.py", promises="no-loss, schedule").promises == {"no-loss", "schedule"}
