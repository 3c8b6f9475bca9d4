"""What can be seen of the jobs of a queue that nobody can look into."""

from __future__ import annotations

import pytest

from chaos.handlers import HandlersInspector
from chaos.targets.asking import Asking


@pytest.mark.parametrize(
    ("retried", "left", "state"), [(False, [], "dead"), (True, ["j"], "missing")]
)
def test_a_failed_job_is_left_to_do_where_the_queue_runs_it_again(
    retried: bool, left: list[str], state: str
) -> None:
    asking = Asking(retried=retried)
    inspector = HandlersInspector("redis://localhost", asking)
    asking.begun("j")
    asking.ended("j", "worker-1", "error")
    assert inspector.left(["j"]) == left
    assert [job.state for job in inspector.final_state(["j"])] == [state]
    asking.ended("j", "worker-1", "ok")
    assert inspector.left(["j"]) == []
    assert [job.state for job in inspector.final_state(["j"])] == ["completed"]
