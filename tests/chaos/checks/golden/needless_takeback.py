"""A lock that is taken back from a worker that lives undisturbed.

w1's claims are sent at 9, with a TTL of 1000, and w2 takes the locks back at 1020.
"""

from tests.chaos.checks.story import Event, Story, ns


def held(s: Story, job: str = "j1", *, worker: str = "w1") -> None:
    s.enqueue(job)
    s.wire("claim", job, worker, at=10)
    s.start(job, worker, at=12)
    s.finally_(job, "completed")


def taken(s: Story, job: str = "j1", *, worker: str = "w1", at: float = 1_020) -> None:
    held(s, job, worker=worker)
    s.wire("takeback", job, "w2", at=at)


def buried(s: Story, job: str, *, token: int | None = 1) -> None:
    about: Event = {"op": "bury", "job": job, "token": token, "worker": None, "answer": "ok"}
    s.event("transition", at=1_020, by="worker-2", t_sent=ns(1_019), **about)


def bad(s: Story) -> dict[str, int]:
    taken(s)
    held(s, "buried as poison")
    buried(s, "buried as poison")
    taken(s, "renewed", at=1_310)
    s.wire("refresh", "renewed", "w1", at=300)
    taken(s, "a renewal was refused")
    s.wire("refresh", "a renewal was refused", "w1", at=900, answer="refused")
    taken(s, "twice")
    s.wire("takeback", "twice", "w2", at=2_050)
    s.fault("pause", "w1", at=2_000, until=2_100)
    s.fault("pause", "w2", at=400, until=500)
    s.kill("w1", at=3_000)
    return {"needless-takeback": 5}


def bad_disturbed_before_it_renewed(s: Story) -> dict[str, int]:
    taken(s, at=2_660)
    s.fault("pause", "w1", at=100, until=200)
    for at in (900, 1_250, 1_650):
        s.wire("refresh", "j1", "w1", at=at)
    s.lag(500, until=640)
    return {"needless-takeback": 1}


def bad_while_it_drains(s: Story) -> dict[str, int]:
    taken(s)
    s.fault("term", "w1", at=500)
    s.exit("w1", at=1_900)
    return {"needless-takeback": 1, "cut-short": 1, "abandoned": 1}


def near_miss(s: Story) -> None:
    """Renewed and finished; or taken back for a reason."""
    held(s, "renewed")
    s.wire("refresh", "renewed", "w1", at=900)
    s.end("renewed", "w1", at=1_500)
    s.wire("finish", "renewed", "w1", at=1_502)
    held(s, "timed out")
    s.wire("refresh", "timed out", "w1", at=900)
    s.wire("bury", "timed out", "w1", at=1_500)
    s.worker("w3")
    taken(s, "paused", worker="w3")
    s.wire("refresh", "paused", "w3", at=900, answer="refused")
    held(s, "paused, and not taken back", worker="w3")
    s.wire("finish", "paused, and not taken back", "w3", at=1_502)
    s.fault("pause", "w3", at=500, until=600)
    s.worker("w4")
    taken(s, "killed", worker="w4")
    s.kill("w4", at=500)
    s.judged = 2


def near_miss_its_renewal_was_held_up(s: Story) -> None:
    """What a partition has kept back arrives when nobody waits for it any longer."""
    taken(s, at=1_910)
    s.fault("partition", "w1", at=100, until=890)
    s.wire("refresh", "j1", "w1", at=900)


def near_miss_the_machine_was_busy(s: Story) -> None:
    taken(s)
    s.lag(340, until=700)


def near_miss_the_machine_was_busy_before_it_renewed(s: Story) -> None:
    """What the holder had sent came late to the store, so it gave the lock up before the answer."""
    taken(s, at=2_260)
    s.wire("refresh", "j1", "w1", at=1_250)
    s.lag(340, until=1_240)


def near_miss_its_grace_was_over(s: Story) -> dict[str, int]:
    s.run["timing"]["grace_ms"] = 300
    taken(s)
    s.fault("term", "w1", at=500)
    s.exit("w1", at=1_100)
    s.forget("start", job="j1")
    return {"abandoned": 1}  # to keep the job is another matter


def near_miss_a_claim_by_nobody_known(s: Story) -> None:
    s.enqueue("j1")
    s.finally_("j1", "completed")
    s.worker("w3", at=5_000)
    s.wire("claim", "j1", "w3", at=10)
    s.wire("takeback", "j1", "w2", at=1_020)
    s.forget("hello", worker="w3")
    s.forget("process", name="worker-3")
    s.unknown = True


def irrelevant(s: Story) -> None:
    """Short jobs; those of others; a job that was ended by hand; take-backs that were refused."""
    s.enqueue("short")
    s.attempt("short", at=10, until=500)
    s.finally_("short", "completed")
    held(s, "refused")
    s.wire("takeback", "refused", "w2", at=1_020, answer="refused")
    held(s, "by hand")
    buried(s, "by hand", token=None)
    held(s, "renewed only")
    s.wire("refresh", "renewed only", "w1", at=900)
    s.wire("takeback", "not claimed", "w2", at=1_020)


def indeterminate(s: Story) -> None:
    """Renewals may be missing."""
    taken(s)
    s.tear()
