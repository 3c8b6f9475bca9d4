"""The space of jobs: what is drawn from it, and what is declared of each job."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest

from chaos.jobs import ECHO, Job, digest
from chaos.jobs.making import draw
from chaos.jobs.space import PLAIN, SPACE, Coverage, pairs_of, read, told

QUEUES = ("high", "low")


def many(seed: int = 1) -> list[Job]:
    jobs: list[Job] = []
    for number in range(60):
        jobs += draw(Random(seed * 1_000 + number), 10, first=1 + number * 10, queues=QUEUES)
    return jobs


JOBS = many()


def test_the_same_seed_draws_the_same_jobs() -> None:
    def shown(seed: int) -> list[tuple[object, ...]]:
        return [(job.id, job.plan, job.args, job.point) for job in draw(Random(seed), 30)]

    assert shown(7) == shown(7)
    assert shown(7) != shown(8)


@pytest.mark.parametrize(
    "values",
    [
        ("unique=own", "fails=once"),
        ("due=delayed", "fails=always"),
        ("fails=once", "crashes=once"),
        ("unique=shared", "due=delayed"),
        ("unique=own", "crashes=once"),
        ("due=delayed", "crashes=once"),
        ("timeout=hit", "crashes=once"),
        ("handler=thread", "timeout=hit"),
        ("effects=refused", "fails=once"),
    ],
)
def test_these_meet(values: tuple[str, str]) -> None:
    assert tuple(sorted(values)) in Coverage().all


def test_a_queue_for_plain_jobs_gets_plain_jobs() -> None:
    for job in draw(Random(1), 200, takes=PLAIN):
        odd = [name for name in SPACE.names if job.point[name] != SPACE[name].plain]
        assert set(odd) <= set(PLAIN)
        assert job.id is not None
        assert (job.args, job.kwargs, job.result, job.effects) == ((), {}, None, 1)
        assert not job.doomed


def test_what_the_checks_have_to_know_is_declared() -> None:
    for job in JOBS:
        point = job.point
        sure = point["timeout"] == "hit" or point["result"] == "unserialisable"
        perhaps = point["effects"] in ("refused", "refused-last", "clash")
        assert job.doomed == (sure or perhaps)
        if point["handler"] == "thread" and point["work"] != "loops":
            assert job.resists
        assert (job.unique is None) == (point["unique"] == "none")
        assert (job.id is None) == (point["id"] == "none")
        assert ("dies" in job.plan) == (point["crashes"] != "never")


def test_an_id_that_is_enqueued_twice_has_other_arguments_the_second_time() -> None:
    named: dict[str, list[Job]] = {}
    for job in JOBS:
        if job.id is not None:
            named.setdefault(job.id, []).append(job)
    pairs = [jobs for jobs in named.values() if len(jobs) > 1]
    assert pairs
    for one, other in pairs:
        assert one.arguments != other.arguments
        assert (one.plan, one.effects, one.max_retries) == (
            other.plan,
            other.effects,
            other.max_retries,
        )


def test_what_is_drawn_is_what_has_not_been_met() -> None:
    seen = Coverage()
    for seed in range(40):
        draw(Random(seed), 20, seen=seen)
    by_chance = Coverage()
    for seed in range(40):
        by_chance.add(SPACE.point(Random(f"{seed} {n}"), {}) for n in range(20))
    assert len(seen.met) > len(by_chance.met)
    assert seen.left == seen.all - seen.met


def test_a_point_is_told_and_read() -> None:
    point = JOBS[0].point
    assert read(told(point) or "") == point
    assert len(pairs_of(point)) == len([*combinations(point, 2)])
    assert told({}) is None


def test_a_digest_tells_values_apart_and_no_spellings() -> None:
    falsy: list[object] = [None, False, 0, 0.0, "", [], {}, "0", "null"]
    assert len({digest(value) for value in falsy}) == len(falsy)
    assert digest({"b": 1, "a": "é"}) == digest({"a": "é", "b": 1})
    assert len(digest("x" * 5_000_000)) == 16


def test_an_echo_is_what_was_sent() -> None:
    job = Job(id="j", plan={}, args=(1,), kwargs={"a": None}, result=ECHO)
    assert job.returns == job.arguments
    assert job.returns != Job(id="j", plan={}, args=(1,), kwargs={}, result=ECHO).returns
