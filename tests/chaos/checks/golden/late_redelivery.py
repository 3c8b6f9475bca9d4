"""A job whose holder died, and that came back too late or never.

w1 claims at 10 and dies at 50, seen at 55. Its lock is gone by 1010; with poll and slack the job is
due by 1310. Without a wire it is due one TTL after the death: by 1355.
"""

from tests.chaos.checks.story import Story


def orphan(s: Story, job: str = "j1", *, back: float | None = 2_000, wire: bool = True) -> None:
    s.enqueue(job)
    if wire:
        s.wire("claim", job, "w1", at=10)
    s.start(job, "w1", at=12)
    s.finally_(job, "completed")
    if back is not None:
        if wire:
            s.wire("claim", job, "w2", at=back, token=2)
        s.start(job, "w2", at=back + 2, token=2)


def late(s: Story) -> dict[str, int]:
    orphan(s)
    s.kill("w1", at=50)
    return {"late-redelivery": 1}


def bad(s: Story) -> dict[str, int]:
    orphan(s, "late, no wire", back=1_400, wire=False)
    s.enqueue("claimed only")
    s.wire("claim", "claimed only", "w1", at=10)
    s.wire("claim", "claimed only", "w2", at=1_400, token=2)
    s.finally_("claimed only", "completed")
    orphan(s, "renewed")
    s.wire("refresh", "renewed", "w1", at=45)
    orphan(s, "not ended")
    s.wire("finish", "not ended", "w1", at=45, answer="refused")
    s.wire("claim", "from an earlier run", "w1", at=10)
    s.wire("claim", "from an earlier run", "w2", at=1_400, token=2)
    late(s)
    return {"late-redelivery": 6}


def bad_never(s: Story) -> dict[str, int]:
    s.worker("w3", role=None)
    s.forget("process", name="worker-3", event="ready")
    s.exit("w2", at=20, code=None)
    for state in ("queued", "active", "retrying", "missing"):
        s.enqueue(state)
        s.wire("claim", state, "w1", at=10)
        s.start(state, "w1", at=12)
        s.finally_(state, state)
    s.enqueue("doubtful", result="info")
    s.start("doubtful", "w1", at=12)
    s.finally_("doubtful", "queued")
    s.kill("w1", at=50)
    return {"late-redelivery": 5, "lost": 4, "stuck": 4}  # so they are lost, and stuck


def bad_although_others_were_disturbed_at_other_times(s: Story) -> dict[str, int]:
    s.worker("w3")
    s.fault("term", "w3", at=20)
    s.exit("w3", at=2_000)
    s.enqueue("j1")
    s.wire("claim", "j1", "w1", at=5_000)
    s.kill("w1", at=5_050)
    s.wire("claim", "j1", "w2", at=7_000, token=2)
    s.start("j1", "w2", at=7_002, token=2)
    s.fault("pause", "w2", at=100, until=200)
    s.fault("term", "w2", at=9_000)
    s.wire("finish", "j1", "w2", at=8_000, token=2)
    s.exit("w2", at=9_100)
    s.finally_("j1", "completed")
    return {"late-redelivery": 1}


def fleet(s: Story) -> dict[str, int]:
    """w3 and w4 work in a fleet, which has one connection name, and w3 is killed."""
    s.kill("w1", at=2)
    s.kill("w2", at=2)
    s.worker("parent", process="fleet-1", role="fleet")
    s.worker("w3", process="fleet-1.103")
    s.worker("w4", process="fleet-1.104")
    s.worker("w5", process="fleet-1.105", at=150)
    s.enqueue("j1")
    s.wire("claim", "j1", "w3", at=10)
    s.start("j1", "w3", at=12)
    s.wire("claim", "j1", "w4", at=2_000, token=2)
    s.finally_("j1", "completed")
    s.fault("kill", "parent", at=50, child_pid=103)
    s.exit("w3", at=55, code=None)
    return {"late-redelivery": 1}


def bad_fleet(s: Story) -> dict[str, int]:
    return fleet(s)


def near_miss_fleet(s: Story) -> None:
    """The other workers of the fleet were disturbed."""
    fleet(s)
    for pid in (104, 105):
        s.fault("pause", "parent", at=500, until=600, child_pid=pid)


def near_miss_a_fleet_without_workers(s: Story) -> None:
    """Its parent takes no job, and the job has ended its only worker."""
    s.kill("w1", at=2)
    s.kill("w2", at=2)
    s.worker("parent", process="fleet-1", role="fleet")
    s.worker("w3", process="fleet-1.103")
    s.enqueue("j1", deadly=True)
    s.wire("claim", "j1", "w3", at=10)
    s.start("j1", "w3", at=12)
    s.exit("w3", at=55, code=None)
    s.worker("w4", process="fleet-1.104", at=1_990)
    s.wire("claim", "j1", "w4", at=2_000, token=2)
    s.finally_("j1", "completed")


def near_miss(s: Story) -> None:
    orphan(s, "in time", back=1_300)
    orphan(s, "in time, no wire", back=1_350, wire=False)
    orphan(s, "renewed", back=1_330)
    s.wire("refresh", "renewed", "w1", at=45)
    orphan(s, "claimed in time", back=1_300)
    s.forget("start", job="claimed in time", worker="w2")
    s.start("claimed in time", "w2", at=1_500, token=2)
    orphan(s, "its end was not seen", back=None)
    s.kill("w1", at=50)
    s.judged = 4


def irrelevant_ended(s: Story) -> None:
    """Finished just before, ended without a wire, or already taken by another."""
    for op in ("finish", "retry", "release", "bury"):
        orphan(s, op)
        s.wire(op, op, "w1", at=45)
    orphan(s, "no wire", wire=False)
    s.end("no wire", "w1", at=45)
    s.kill("w1", at=50)


def irrelevant_taken(s: Story) -> None:
    orphan(s)
    s.kill("w1", at=3_000)


def near_miss_on_a_busy_machine(s: Story) -> None:
    orphan(s, back=1_400)
    s.kill("w1", at=50)
    s.event("lag", at=1_200, lag_ms=50)
    s.judged = 1


def bad_on_a_machine_that_was_busy_at_other_times(s: Story) -> dict[str, int]:
    orphan(s, back=1_400)
    s.kill("w1", at=50)
    s.event("lag", at=1_200, lag_ms=40)
    s.event("lag", at=1_000, lag_ms=900)
    s.event("lag", at=2_000, lag_ms=600)
    return {"late-redelivery": 1}


def near_miss_nobody_else_lived(s: Story) -> None:
    late(s)
    s.kill("w2", at=20)
    s.worker("w3", role="producer")


def near_miss_another_was_ready_only_then(s: Story) -> None:
    """The wait begins when w3 is ready."""
    late(s)
    s.kill("w2", at=20)
    s.worker("w3", at=1_710, concurrency=1)
    s.judged = 1


def near_miss_another_fleet_came_meanwhile(s: Story) -> None:
    """It may have had its hands full."""
    late(s)
    s.kill("w2", at=20)
    s.worker("parent", process="fleet-1", role="fleet", at=500)
    s.worker("w3", process="fleet-1.3", at=500)


def bad_another_was_ready_meanwhile(s: Story) -> dict[str, int]:
    late(s)
    s.kill("w2", at=20)
    s.worker("w3", at=1_690, concurrency=1)
    s.worker("w4", at=1_990, concurrency=1)
    return {"late-redelivery": 1}


def near_miss_another_was_ready_meanwhile_and_busy(s: Story) -> None:
    """Other jobs were there before; or it took them on soon. Only who was leaving had room."""
    late(s)
    s.kill("w2", at=20)
    s.worker("w5", concurrency=1)
    s.fault("term", "w5", at=500)
    s.exit("w5", at=4_000)
    for worker, at, until in (("w3", 1_501, 1_600), ("w4", 1_600, 1_900)):
        s.worker(worker, at=1_500, concurrency=1)
        s.enqueue(worker)
        s.attempt(worker, worker, at=at, until=until)
        s.finally_(worker, "completed")


def near_miss_the_other_died_meanwhile(s: Story) -> None:
    late(s)
    s.exit("w2", at=1_000, code=None)


def near_miss_the_other_was_stopped(s: Story) -> None:
    late(s)
    s.fault("pause", "w2", at=500, until=700)


def near_miss_the_other_was_told_to_leave(s: Story) -> None:
    late(s)
    s.fault("term", "w2", at=500)
    s.exit("w2", at=900)
    s.events = [event for event in s.events if event.get("token") != 2]
    s.worker("w3", at=1_800, concurrency=2)
    s.start("j1", "w3", at=2_000, token=2)
    s.judged = 1


def near_miss_the_other_was_long_told_to_leave(s: Story) -> None:
    s.run["timing"]["grace_ms"] = 30_000
    s.enqueue("j1")
    s.wire("claim", "j1", "w1", at=8_990)
    s.start("j1", "w1", at=8_992)
    s.kill("w1", at=9_000)
    s.fault("term", "w2", at=500)
    s.exit("w2", at=20_000)
    s.finally_("j1", "completed")
    s.worker("w3", at=11_800, concurrency=2)
    s.start("j1", "w3", at=12_000, token=2)
    s.judged = 1


def near_miss_the_other_had_just_been_stopped(s: Story) -> None:
    late(s)
    s.fault("pause", "w2", at=20, until=30)


def near_miss_the_server_was_down(s: Story) -> None:
    late(s)
    s.event("server", at=500, event="down")
    s.event("server", at=700, event="up")


def near_miss_read_too_early(s: Story) -> dict[str, int]:
    s.enqueue("j1")
    s.wire("claim", "j1", "w1", at=58_800)
    s.start("j1", "w1", at=58_802)
    s.kill("w1", at=58_900)
    s.finally_("j1", "queued")
    return {"lost": 1, "stuck": 1}  # whatever the reason, it is still there


def indeterminate(s: Story) -> None:
    """The completion's reply was lost; the effects tell of one; the job may never have existed."""
    orphan(s, "lost reply", back=None)
    s.wire("finish", "lost reply", "w1", at=51, answer=None)
    s.enqueue("affected", effects=1)
    s.enqueue("doubtful", result="info")
    for job in ("affected", "doubtful"):
        s.start(job, "w1", at=12)
        s.finally_(job, "missing", effects=1 if job == "affected" else 0)
    s.kill("w1", at=50)


def indeterminate_when_events_may_be_missing(s: Story) -> None:
    late(s)
    s.tear()


def bad_without_an_inspector(s: Story) -> dict[str, int]:
    s.run["offers"] = ["wire"]
    s.forget("final", what="read")
    s.enqueue("j1")
    s.wire("claim", "j1", "w1", at=10)
    s.start("j1", "w1", at=12)
    s.kill("w1", at=50)
    s.start("j1", "w2", at=2_000, token=2)
    s.end("j1", "w2", at=2_010, token=2)
    return {"late-redelivery": 1}


def irrelevant_never_seen_again_and_nobody_can_ask(s: Story) -> None:
    s.run["offers"] = ["wire"]
    s.forget("final", what="read")
    s.unknown = True  # whether it is lost
    s.enqueue("j1")
    s.wire("claim", "j1", "w1", at=10)
    s.start("j1", "w1", at=12)
    s.kill("w1", at=50)


def bad_of_its_first_queue(s: Story) -> dict[str, int]:
    """w3 serves it first, and the other queue that has jobs after it."""
    s.worker("w3", queues="low,high")
    s.enqueue("j1", queue="low")
    s.enqueue("another", queue="high", result="info")
    s.wire("claim", "j1", "w1", at=10)
    s.start("j1", "w1", at=12)
    s.wire("claim", "j1", "w3", at=2_000, token=2)
    s.finally_("j1", "completed")
    s.kill("w1", at=50)
    s.kill("w2", at=60)
    return {"late-redelivery": 1}


def indeterminate_behind_another_queue(s: Story) -> None:
    """w3 may have had jobs to do that go before."""
    s.worker("w3", queues="high,low")
    s.enqueue("j1", queue="low")
    s.enqueue("another", queue="high", result="info")
    s.wire("claim", "j1", "w1", at=10)
    s.start("j1", "w1", at=12)
    s.wire("claim", "j1", "w3", at=2_000, token=2)
    s.finally_("j1", "completed")
    s.kill("w1", at=50)
    s.kill("w2", at=60)
    s.judged = 0


def bad_by_one_that_serves_it_last(s: Story) -> dict[str, int]:
    """No other queue has any jobs."""
    s.worker("w3", queues="high,low")
    s.enqueue("j1", queue="low")
    s.enqueue("another", queue="low", result="info")
    s.wire("claim", "j1", "w1", at=10)
    s.start("j1", "w1", at=12)
    s.wire("claim", "j1", "w3", at=2_000, token=2)
    s.finally_("j1", "completed")
    s.kill("w1", at=50)
    s.kill("w2", at=60)
    return {"late-redelivery": 1}


def indeterminate_not_served(s: Story) -> None:
    s.worker("w3", queues="high")
    s.enqueue("j1", queue="low")
    s.wire("claim", "j1", "w1", at=10)
    s.start("j1", "w1", at=12)
    s.wire("claim", "j1", "w2", at=2_000, token=2)
    s.finally_("j1", "completed")
    s.kill("w1", at=50)
    s.kill("w2", at=60)
    s.judged = 0
