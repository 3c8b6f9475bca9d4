"""Ends that were known beforehand."""

from typing import Any

from tests.chaos.checks.story import Story


def ended(
    s: Story, job: str, state: str = "completed", *, listed: bool = False, **found: Any
) -> None:
    """It is found in this state, with these fields."""
    s.enqueue(job, doomed=state == "dead")
    s.attempt(job, at=10, until=30, last="bury" if state == "dead" else "finish")
    s.final("job", job=job, state=state, **{"retries": 0, **found})
    if listed:
        s.final("dlq", job=job, queue="q")


def expected(s: Story, job: str, **end: Any) -> None:
    s.event("expected", at=50_000, job=job, **{"state": "completed", **end})


def bad(s: Story) -> dict[str, int]:
    ended(s, "completed instead", result="aa")
    expected(s, "completed instead", state="dead")
    ended(s, "listed", "dead", listed=True)
    expected(s, "listed", state="dead", listed=False)
    ended(s, "not listed", "dead")
    expected(s, "not listed", state="dead", listed=True)
    ended(s, "too few retries", retries=0)
    expected(s, "too few retries", retries=1)
    ended(s, "too many crashes", crashes=1)
    expected(s, "too many crashes", crashes=0)
    ended(s, "no effects")
    expected(s, "no effects", effects=1)
    ended(s, "another result", result="aa")
    expected(s, "another result", result="bb")
    return {"wrong-end": 7, "overcounted-crash": 1}  # no worker died


def near_miss(s: Story) -> dict[str, int]:
    ended(s, "as it must be", crashes=1, result="aa")
    expected(s, "as it must be", listed=False, retries=0, crashes=1, effects=0, result="aa")
    ended(s, "dead", "dead", listed=True)
    expected(s, "dead", state="dead", listed=True)
    ended(s, "may be anything", crashes=7, result="cc")
    expected(s, "may be anything")
    ended(s, "not shown")
    expected(s, "not shown", crashes=1, result="aa")
    s.judged = 4
    return {"overcounted-crash": 2}  # no worker died


def near_miss_effects_are_not_shown(s: Story) -> None:
    s.run["offers"] = ["jobs", "wire", "tokens", "completions", "retries"]
    ended(s, "j1")
    expected(s, "j1", effects=1)
    s.judged = 1


def near_miss_looked_at_twice(s: Story) -> None:
    ended(s, "j1", retries=0, crashes=0, result="aa")
    expected(s, "j1", retries=0, crashes=0, result="aa")
    s.event("final", at=100, what="job", job="j1", state="dead", retries=1, crashes=1, result="bb")
    s.judged = 1


def indeterminate(s: Story) -> None:
    """The server may have forgotten it."""
    ended(s, "j1")
    expected(s, "j1", state="dead")
    s.fault("server-kill", "server", at=100, until=110)


def irrelevant(s: Story) -> None:
    """Nothing was expected, or only an order; or it was not looked at."""
    ended(s, "j1")
    s.event("expected", at=50_000, job="j1", after="j2")
    s.event("expected", at=50_000, job="unseen", state="completed")
