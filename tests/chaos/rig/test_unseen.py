"""What can be told of the jobs of a queue that nobody can look into."""

from __future__ import annotations

import pytest
from redis import Redis

from chaos.rig.remains import Remains
from chaos.rig.unseen import Unseen, fate_of, state_of
from chaos.targets.asking import Asking

#: Of a queue that keeps results, and lists jobs that run and those that have failed.
LEAVES: dict[str, Remains] = {
    "completed": frozenset({"result:*"}),
    "held": frozenset({"active", "job:*"}),
    "dead": frozenset({"failed", "job:*"}),
}


def asking_of(outcome: str | None, leaves: dict[str, Remains] | None = None) -> Asking:
    asking = Asking(leaves=LEAVES if leaves is None else leaves)
    asking.name("j", "j")
    asking.begun("j")
    if outcome:
        asking.ended("j", "worker-1", outcome)
    return asking


@pytest.mark.parametrize(
    ("outcome", "left", "fate", "state"),
    [
        ("ok", {"result:*"}, "done", "completed"),
        ("ok", set(), "done", "completed"),  # its result has expired
        ("ok", {"failed", "job:*"}, "recorded as failed", "completed"),
        ("ok", {"active", "job:*"}, "never recorded", "completed"),
        ("ok", {"result:*", "active"}, "done", "completed"),  # of an earlier run
        ("error", {"failed", "job:*"}, "given up", "dead"),
        (None, {"failed", "job:*"}, "given up", "dead"),
        (None, {"active", "job:*"}, "stranded", "missing"),
        (None, set(), "lost", "missing"),
    ],
)
def test_what_became_of_a_job(outcome: str | None, left: set[str], fate: str, state: str) -> None:
    found = fate_of(asking_of(outcome), "j", frozenset(left))
    assert (found, state_of(found)) == (fate, state)


def test_of_a_job_that_leaves_nothing_anything_says_that_it_is_not_recorded() -> None:
    leaves = LEAVES | {"completed": frozenset()}
    assert fate_of(asking_of("ok", leaves), "j", frozenset({"active"})) == "never recorded"


def test_a_job_is_not_given_up_that_leaves_what_one_leaves_that_is_held() -> None:
    entry = frozenset({"stream entry"})
    leaves = dict.fromkeys(LEAVES, entry)
    assert fate_of(asking_of(None, leaves), "j", entry) == "stranded"


def test_without_a_clean_run_what_is_left_tells_nothing_of_a_job_that_was_done() -> None:
    assert fate_of(asking_of("ok", {}), "j", frozenset({"active"})) == "done"


def left_of(asking: Asking, url: str) -> tuple[list[str], str]:
    """The jobs that are left to do, and the final state of the only one."""
    unseen = Unseen(url, asking)
    (end,) = unseen.final_state(["j"])
    left = unseen.left(["j"])
    unseen.close()
    return left, end.state


@pytest.mark.parametrize(
    ("retried", "planned", "left", "state"),
    [
        (False, True, [], "dead"),
        (True, True, ["j"], "missing"),
        (True, False, [], "dead"),  # nobody has seen what the queue does then
    ],
)
def test_a_job_that_fails_once_is_left_to_do_where_the_queue_runs_it_again(
    url: str, retried: bool, planned: bool, left: list[str], state: str
) -> None:
    asking = Asking(retried=retried)
    asking.begun("j", fails=planned)
    asking.ended("j", "worker-1", "error")
    assert left_of(asking, url) == (left, state)
    asking.begun("j")
    assert left_of(asking, url) == (["j"], "missing")
    asking.ended("j", "worker-1", "ok")
    assert left_of(asking, url) == ([], "completed")


def test_a_job_that_is_done_is_left_to_do_until_that_is_recorded(admin: Redis, url: str) -> None:
    admin.rpush("active", "j")
    assert left_of(asking_of("ok"), url) == (["j"], "completed")
    admin.delete("active")
    admin.set("result:j", "ok")
    assert left_of(asking_of("ok"), url) == ([], "completed")
