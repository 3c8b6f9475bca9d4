"""A job that is kept for another time than was asked for.

It is enqueued at 0, and its key is looked at after 59.1 s.
"""

from tests.chaos.checks.story import Story


def done(s: Story, job: str, ttl_ms: int, state: str = "completed") -> None:
    s.start(job, "w1", at=20)
    s.end(job, "w1", at=30)
    s.finally_(job, state)
    s.final("key", key=f"job:{job}", kind="job", owner=job, ttl_ms=ttl_ms)


def bad(s: Story) -> dict[str, int]:
    for job, asked_s, ttl_ms in (
        ("too long", 3_600, 3_600_001),
        ("too short", 3_600, 3_540_898),
        ("not for ever", 0, 3_600_000),
        ("gone in no time", 0, 0),
        ("about to go", 3_600, 0),
    ):
        s.enqueue(job, result_ttl_s=asked_s)
        done(s, job, ttl_ms)
    s.judged = 5
    return {"wrong-ttl": 5}


def near_miss(s: Story) -> None:
    for job, asked_s, ttl_ms in (
        ("just begun", 3_600, 3_600_000),
        ("long ago", 3_600, 3_540_899),
        ("for ever", 0, -1),
    ):
        s.enqueue(job, result_ttl_s=asked_s)
        done(s, job, ttl_ms)
    s.judged = 3


def near_miss_enqueued_twice(s: Story) -> None:
    """The second enqueue changes nothing."""
    s.enqueue("j1", result_ttl_s=3_600)
    s.enqueue("j1", at=10, result_ttl_s=60)
    done(s, "j1", 3_600_000)
    s.judged = 1


def near_miss_asked_for_twice_at_a_time(s: Story) -> None:
    s.enqueue("j1", at=0.5, result_ttl_s=3_600)
    s.enqueue("j1", result_ttl_s=3_600)
    done(s, "j1", 3_540_899)
    s.judged = 1


def indeterminate_two_enqueues_at_a_time(s: Story) -> None:
    s.enqueue("j1", at=0.5, result_ttl_s=60)
    s.enqueue("j1", result_ttl_s=3_600)
    done(s, "j1", 3_599_000)
    s.enqueue("j2")
    s.enqueue("j2", at=0.5, result_ttl_s=60)
    done(s, "j2", 3_599_000)


def indeterminate_the_clock_was_stepped(s: Story) -> None:
    s.enqueue("j1", result_ttl_s=3_600)
    s.fault("server-clock", "server", at=100)
    done(s, "j1", 5_000)


def irrelevant_other_keys_and_states(s: Story) -> dict[str, int]:
    s.enqueue("j1", result_ttl_s=60, doomed=True)
    done(s, "j1", 86_400_000, state="dead")
    s.enqueue("j2", result_ttl_s=60)
    s.start("j2", "w1", at=40)
    s.end("j2", "w1", at=50)
    s.finally_("j2", "completed")
    s.final("key", key="unique:j2", kind="unique", owner="j2", ttl_ms=86_400_000)
    s.enqueue("j3", result_ttl_s=60)
    done(s, "j3", -1)
    return {"orphan-key": 1}
