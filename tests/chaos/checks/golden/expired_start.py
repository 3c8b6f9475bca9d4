"""A handler that begins under a lock that may have expired.

w1's claims are sent at 9, with a TTL of 1000: a start after 1009 comes too late, with a slack of
50.
"""

from tests.chaos.checks.story import Story


def late(s: Story, job: str = "j1", *, at: float = 1_100, worker: str = "w1") -> None:
    s.enqueue(job)
    s.wire("claim", job, worker, at=10)
    s.start(job, worker, at=at)
    s.end(job, worker, at=at + 10)
    s.finally_(job, "completed")


def bad(s: Story) -> dict[str, int]:
    late(s)
    late(s, "not renewed")
    s.wire("refresh", "not renewed", "w1", at=500, answer="refused")
    late(s, "renewed too late")
    s.wire("refresh", "renewed too late", "w1", at=1_106)
    late(s, "another token was renewed")
    s.wire("refresh", "another token was renewed", "w1", at=500, token=2)
    late(s, "lag before it was late")
    s.lag(200, until=900)
    late(s, "another job was renewed", at=1_050)
    s.wire("refresh", "another job was renewed", "w1", at=1_000)
    s.fault("partition", "w1", at=100, until=900)
    s.fault("pause", "w2", at=100, until=900)
    s.judged = 6
    return {"expired-start": 5}


def bad_stopped_before_it_was_answered(s: Story) -> dict[str, int]:
    late(s, worker="w2")
    s.fault("pause", "w2", at=11, until=1_095, phase="claim/before-reply")
    late(s, "stopped before it asked")
    s.fault("pause", "w1", at=5, until=1_095, phase="claim/before-send")
    s.fault("pause", "w1", at=1_200, until=1_300)
    s.worker("w3")
    late(s, "stopped before it was asked again", worker="w3")
    s.wire("claim", "stopped before it was asked again", "w3", at=20)
    s.fault("pause", "w3", at=15, until=1_095)
    return {"expired-start": 3}


def near_miss(s: Story) -> None:
    late(s, "just begun", at=1_055)
    late(s, "renewed", at=1_500)
    s.wire("refresh", "renewed", "w1", at=900)
    s.judged = 2


def near_miss_the_machine_was_busy(s: Story) -> None:
    late(s, at=1_250)
    s.lag(100, until=1_200)
    s.judged = 1


def near_miss_it_was_noticed_later_that_the_machine_was_busy(s: Story) -> None:
    late(s, at=1_200)
    s.event("lag", at=1_300, lag_ms=80, within_ms=40)
    s.judged = 1


def near_miss_stopped_after_it_was_answered(s: Story) -> None:
    late(s)
    s.fault("pause", "w1", at=11, until=1_095, phase="claim/after-reply")


def near_miss_its_claim_was_not_seen(s: Story) -> None:
    late(s)
    s.forget("transition", op="claim")
    s.wire("refresh", "j1", "w1", at=10)


def irrelevant(s: Story) -> None:
    """Nothing is known of the lock."""
    s.enqueue("j1")
    s.start("j1", "w1", at=5_000)
    s.end("j1", "w1", at=5_010)
    s.wire("finish", "j1", "w1", at=5_020)
    s.finally_("j1", "completed")


def indeterminate(s: Story) -> None:
    """A renewal may be missing."""
    late(s)
    s.tear()
