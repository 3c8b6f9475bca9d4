"""A dead worker that is still shown as alive. w1 dies at 1000, seen at 1005: hidden by 5005."""

from tests.chaos.checks.story import Story


def look(s: Story, at: float, *, worker: str = "w1", seen: bool = True) -> None:
    s.event("health", at=at, worker=worker, seen=seen)


def run(s: Story) -> None:
    s.enqueue("j1")
    s.attempt("j1", "w2", at=10, until=20)
    s.finally_("j1", "completed")
    s.kill("w1", at=1_000)


def bad(s: Story) -> dict[str, int]:
    run(s)
    look(s, 5_100)
    look(s, 5_200)
    s.final("worker", worker="w1", alive=False, seen=True)
    return {"ghost-worker": 3}


def near_miss(s: Story) -> None:
    run(s)
    look(s, 4_900)
    look(s, 5_100, seen=False)
    s.final("worker", worker="w1", alive=False, seen=False)
    s.final("worker", worker="w1", alive=True, seen=True)
    s.judged = 2


def irrelevant(s: Story) -> None:
    """Alive; or dead for no longer than the key may live."""
    run(s)
    look(s, 900)
    look(s, 4_900)
    look(s, 50_000, worker="w2")
    s.final("worker", worker="w2", alive=True, seen=True)


def indeterminate(s: Story) -> None:
    """It is unknown which process the worker was, or it was two; or when a process died."""
    run(s)
    look(s, 6_000, worker="stranger")
    s.worker("w3", at=2_000)
    s.event("hello", at=2_001, by="worker-3", pid=102, worker="w1")
    look(s, 6_000)
    s.final("worker", worker="w1", alive=True, seen=True)
