"""What a look finds in the store contradicts a rule."""

from typing import Any

from tests.chaos.checks.story import Story


def done(s: Story, job: str = "j1", worker: str = "w1", *, at: float = 10) -> None:
    s.enqueue(job, at=at - 10)
    s.attempt(job, worker, at=at, until=at + 10)
    s.finally_(job, "completed")


def look(s: Story, *, at: float = 900) -> None:
    s.event("look", at=at, rule="place", objects=7)


def found(s: Story, job: str | None = "j1", *, at: float = 500, **fields: Any) -> None:
    about: dict[str, Any] = {
        "rule": "place",
        "found": "ACTIVE, and queued in q",
        "job": job,
        **fields,
    }
    s.event("inconsistent", at=at, **about)


def bad(s: Story) -> dict[str, int]:
    s.judged = 5
    done(s)
    look(s)
    found(s)
    found(s, None, key="rrq:x")
    found(s, None)
    found(s, timed=True)
    return {"inconsistent": 4}


def bad_before_the_faults_that_would_explain_it(s: Story) -> dict[str, int]:
    done(s)
    found(s, at=300)
    found(s, at=300, timed=True)
    s.fault("server-evict", "server", at=400, until=450, planned=False)
    s.fault("server-clock", "server", at=400, until=450, planned=False)
    return {"inconsistent": 2}


def bad_after_other_faults(s: Story) -> dict[str, int]:
    """A server that lost writes lost the later ones: the rest agrees. And only rules about times
    have to do with its clock."""
    done(s)
    s.fault("server-kill", "server", at=200, until=250, planned=False)
    s.fault("server-clock", "server", at=300, until=350, planned=False)
    s.fault("server-pause", "server", at=360, until=370, planned=False)
    s.kill("w2", at=380)
    found(s)
    return {"inconsistent": 1}


def near_miss(s: Story) -> None:
    s.judged = 1
    done(s)
    look(s)


def near_miss_after_the_clock_was_stepped(s: Story) -> None:
    s.judged = 1
    done(s)
    look(s)
    s.fault("server-clock", "server", at=400, until=450, planned=False)
    found(s, timed=True)


def irrelevant(s: Story) -> None:
    done(s)


def indeterminate_when_keys_were_thrown_away(s: Story) -> None:
    done(s)
    s.fault("server-evict", "server", at=400, until=450, planned=False)
    found(s)
    look(s)


def indeterminate_after_a_fault_that_nobody_knows(s: Story) -> None:
    done(s)
    s.fault("server-of-tomorrow", "server", at=400, until=450, planned=False)
    found(s)


def indeterminate_in_a_job_of_nobody(s: Story) -> None:
    done(s)
    found(s, "ghost")
