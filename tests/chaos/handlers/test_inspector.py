"""What can be seen of the jobs of a queue that nobody can look into."""

from __future__ import annotations

import pytest

from chaos.handlers import HandlersInspector
from chaos.targets.asking import Asking


def seen(asking: Asking) -> tuple[list[str], str]:
    """The jobs that are left to do, and the final state of the only one."""
    inspector = HandlersInspector("redis://localhost", asking)
    (end,) = inspector.final_state(["j"])
    return inspector.left(["j"]), end.state


@pytest.mark.parametrize(
    ("retried", "planned", "left", "state"),
    [
        (False, True, [], "dead"),
        (True, True, ["j"], "missing"),
        (True, False, [], "dead"),  # nobody has seen what the queue does then
    ],
)
def test_a_job_that_fails_once_is_left_to_do_where_the_queue_runs_it_again(
    retried: bool, planned: bool, left: list[str], state: str
) -> None:
    asking = Asking(retried=retried)
    asking.begun("j", fails=planned)
    asking.ended("j", "worker-1", "error")
    assert seen(asking) == (left, state)
    asking.begun("j")
    assert seen(asking) == (["j"], "missing")
    asking.ended("j", "worker-1", "ok")
    assert seen(asking) == ([], "completed")
