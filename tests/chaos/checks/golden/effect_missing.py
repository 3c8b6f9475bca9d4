"""A completed job with fewer effects in the store than it handed over."""

from tests.chaos.checks.story import Story


def done(s: Story, job: str, *, effects: int, found: int, state: str = "completed") -> None:
    s.enqueue(job, effects=effects, doomed=state == "dead")
    s.attempt(job, at=10, until=30, last="bury" if state == "dead" else "finish")
    s.finally_(job, state, effects=found)


def bad(s: Story) -> dict[str, int]:
    done(s, "some", effects=2, found=1)
    done(s, "none", effects=1, found=0)
    return {"effect-missing": 2}


def near_miss(s: Story) -> None:
    done(s, "all", effects=2, found=2)
    done(s, "dead", effects=1, found=0, state="dead")
    s.judged = 1


def irrelevant(s: Story) -> None:
    done(s, "without", effects=0, found=0)


def indeterminate(s: Story) -> None:
    """Two requests disagree about the number, and it is unknown which one was accepted."""
    s.enqueue("j1", effects=1, result="info")
    s.enqueue("j1", effects=2, result="info")
    done(s, "lost reply", effects=1, found=1)
    s.forget("transition", op="finish", job="lost reply")
    s.kill("w1", at=31)
    s.finally_("j1", "completed", effects=1)
    s.judged = 1
