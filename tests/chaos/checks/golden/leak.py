"""A process uses ever more."""

from collections.abc import Callable
from typing import Any

from tests.chaos.checks.story import Story

SIZES = {"memory_kb": 20_000, "descriptors": 16, "sockets": 4, "threads": 1}
VITALS = {"tasks": 8, "blocks": 150_000}
#: More than the slack of each by a bit, and all of it, over the last three quarters.
SLACKS = {
    **{"memory_kb": 40_000, "descriptors": 12, "sockets": 12, "threads": 12},
    **{"tasks": 12, "blocks": 5_000},
}


def done(s: Story, job: str = "j1", worker: str = "w1", *, at: float = 10) -> None:
    s.enqueue(job, at=at - 10)
    s.attempt(job, worker, at=at, until=at + 10)
    s.finally_(job, "completed")


def samples(
    s: Story,
    what: str = "sockets",
    worker: str = "w1",
    *,
    more: Callable[[float], float],
    count: int = 12,
    span: float = 2_500,
    begin: float = 1_000,
    **fields: Any,
) -> None:
    """Samples of one thing; `more` tells how much is used more, by the share of the time."""
    name, pid = s._processes[worker]
    for number in range(count):
        share = number / (count - 1)
        grown: dict[str, Any] = {what: round((SIZES | VITALS)[what] + more(share))}
        at = begin + share * span
        if what in VITALS:
            s.event("vitals", at=at, by=name, pid=pid, **{**VITALS, **grown})
        else:
            s.event("usage", at=at, name=name, child_pid=pid, **{**SIZES, **grown}, **fields)


def steadily(by: float) -> Callable[[float], float]:
    """Growth such that the medians of the second and of the last quarter differ by this."""
    return lambda share: by * share * 11 / 6  # their middles are 6 of 11 steps apart


def flat(by: float) -> Callable[[float], float]:
    return lambda _: by


def bad(s: Story) -> dict[str, int]:
    s.judged = 4
    done(s)
    samples(s, more=steadily(SLACKS["sockets"] + 1))
    return {"leak": 1}


def bad_in_all_its_forms(s: Story) -> dict[str, int]:
    s.judged = 20
    done(s)
    for number, what in enumerate(SLACKS, 3):
        s.worker(f"w{number}")
        samples(s, what, f"w{number}", more=steadily(SLACKS[what] + 1))
    return {"leak": len(SLACKS)}


def bad_until_it_was_told_to_stop(s: Story) -> dict[str, int]:
    s.judged = 4
    done(s)
    samples(s, more=steadily(60))
    s.fault("term", "w1", at=4_000)
    s.exit("w1", at=5_000)
    samples(s, more=lambda _: -4, begin=4_100, count=20)
    return {"leak": 1}


def bad_in_the_parent_of_a_fleet(s: Story) -> dict[str, int]:
    """Only what it uses while all of its workers are there can be compared."""
    s.judged = 4
    done(s)
    s.worker("f1", process="fleet-1", role="fleet")
    samples(s, "descriptors", "f1", more=lambda share: 900 * (1 - share), begin=1_100, children=3)
    samples(s, "descriptors", "f1", more=steadily(60), children=4)
    return {"leak": 1}


def bad_one_after_the_other(s: Story) -> dict[str, int]:
    """The quarters are those of each process."""
    s.judged = 8
    done(s)
    samples(s, more=steadily(60))
    samples(s, worker="w2", more=flat(60), begin=3_600)
    return {"leak": 1}


def near_miss(s: Story) -> None:
    """As much as it may."""
    s.judged = 4
    done(s)
    samples(s, more=steadily(SLACKS["sockets"]))


def near_miss_with_room_for_many_jobs(s: Story) -> None:
    """Each job that it may run has a part in the slack."""
    s.judged = 10
    done(s)
    s.worker("w3", concurrency=8)
    samples(s, worker="w3", more=steadily(SLACKS["sockets"] + 8))
    s.worker("w4", concurrency=8)
    samples(s, "blocks", "w4", more=steadily(SLACKS["blocks"] + 8 * 200))
    s.worker("w5", concurrency=8)
    samples(s, "memory_kb", "w5", more=steadily(SLACKS["memory_kb"] + 8 * 5_000))


def near_miss_that_fills_up(s: Story) -> None:
    s.judged = 4
    done(s)
    samples(s, more=lambda share: 200 * min(share, 0.7))


def near_miss_that_almost_fills_up(s: Story) -> None:
    """A quarter of the growth is in the last quarter, and no more."""
    s.judged = 4
    done(s)
    samples(s, more=lambda share: 0 if share < 0.5 else 75 if share < 0.7 else 100)


def near_miss_of_a_single_step(s: Story) -> None:
    s.judged = 4
    done(s)
    samples(s, more=lambda share: 100 if share > 0.7 else 0)


def near_miss_that_warms_up(s: Story) -> None:
    s.judged = 4
    done(s)
    samples(s, more=lambda share: 200 if share > 0.2 else 0)


def near_miss_that_was_less_in_between(s: Story) -> None:
    s.judged = 4
    done(s)
    samples(s, more=lambda share: 200 * share if not 0.5 <= share < 0.75 else 0)


def near_miss_whose_workers_are_counted_apart(s: Story) -> None:
    """What one uses has nothing to do with another."""
    s.judged = 8
    done(s)
    samples(s, more=lambda share: share)
    samples(s, worker="w2", more=lambda share: 100 + share, begin=3_600)


def near_miss_of_a_fleet_that_grows(s: Story) -> None:
    s.judged = 4
    done(s)
    s.worker("f1", process="fleet-1", role="fleet")
    for number in range(20):
        samples(
            s, "descriptors", "f1", more=flat(10.0 * number), count=2, span=1,
            begin=1_000 + 100 * number, children=number,
        )  # fmt: skip
    samples(s, "descriptors", "f1", more=lambda share: 200 + share, begin=4_000, children=20)


def irrelevant(s: Story) -> None:
    done(s)


def indeterminate_with_few_samples(s: Story) -> None:
    done(s)
    samples(s, more=steadily(90), count=11)


def indeterminate_in_a_short_time(s: Story) -> None:
    done(s)
    samples(s, more=steadily(90), span=2_499)


def indeterminate_once_it_was_dead(s: Story) -> None:
    """Another process may have its pid."""
    done(s)
    s.kill("w1", at=500)
    samples(s, more=steadily(90))
