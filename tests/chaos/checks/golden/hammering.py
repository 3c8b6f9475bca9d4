"""A worker asks and asks, although there is nothing to do."""

from typing import Any

from tests.chaos.checks.story import Story

#: More than a worker may send in a second, and as much as it may.
MANY, ENOUGH = 68, 67
#: The same while something is wrong.
FAR_TOO_MANY, ALLOWED = 101, 100


def done(s: Story, job: str = "j1", worker: str = "w1", *, at: float = 10) -> None:
    s.enqueue(job, at=at - 10)
    s.attempt(job, worker, at=at, until=at + 10)
    s.finally_(job, "completed")


def sent(
    s: Story, commands: int, *, at: float = 5_000, span: float = 1_000, worker: str = "w1",
    connections: int = 0, **fields: Any,
) -> None:  # fmt: skip
    """What a worker sends in a second, in two pieces."""
    (name, _) = s._processes[worker]
    for part in range(2):
        begin = at + part * span / 2
        s.event(
            "traffic", at=begin + span / 2 - 1, name=name, t_sent=round((1e6 + begin) * 1e6),
            commands=commands // 2 + (commands % 2) * part, connections=connections * part,
            **fields,
        )  # fmt: skip


def bad(s: Story) -> dict[str, int]:
    done(s)
    sent(s, MANY)
    sent(s, 1, connections=MANY, at=7_000)
    sent(s, MANY, worker="w2")
    return {"hammering": 3}


def bad_in_a_fleet(s: Story) -> dict[str, int]:
    done(s)
    s.worker("f1", process="fleet-1", role="fleet")
    sent(s, 3 * MANY, worker="f1", children=3)
    return {"hammering": 1}


def bad_although_its_lock_is_renewed(s: Story) -> dict[str, int]:
    s.enqueue("j1")
    s.wire("claim", "j1", "w1", at=4_000)
    s.start("j1", "w1", at=4_002)
    for at in (4_800, 5_600, 6_400):
        s.wire("refresh", "j1", "w1", at=at)
    s.wire("claim", "j1", "w1", at=5_700, token=9, answer="refused")
    s.end("j1", "w1", at=6_500)
    s.wire("finish", "j1", "w1", at=6_510)
    s.finally_("j1", "completed")
    done(s, "j2", "w2", at=4_990)
    sent(s, MANY)
    done(s, "j3", "w2", at=6_011)
    return {"hammering": 1}


def bad_while_nobody_can_enqueue(s: Story) -> dict[str, int]:
    done(s)
    s.enqueue("j2", at=5_500, result="fail")
    s.enqueue("j3", at=5_500, result="info")
    sent(s, MANY)
    return {"hammering": 1}


def bad_while_another_works(s: Story) -> dict[str, int]:
    s.enqueue("j1", at=100)
    s.attempt("j1", "w2", at=5_300, until=5_390)
    s.finally_("j1", "completed")
    sent(s, MANY)
    return {"hammering": 1}


def bad_while_the_server_refuses(s: Story) -> dict[str, int]:
    s.judged = 3
    done(s)
    s.fault("server-readonly", "server", at=4_000, until=6_500)
    sent(s, FAR_TOO_MANY)
    sent(s, ALLOWED, at=8_000)  # it was healed two health intervals before
    sent(s, MANY, at=10_000)
    return {"hammering": 2}


def bad_before_the_server_refuses(s: Story) -> dict[str, int]:
    done(s)
    sent(s, MANY)
    s.fault("server-readonly", "server", at=6_001, until=6_500)
    return {"hammering": 1}


def near_miss_while_the_server_refuses(s: Story) -> None:
    s.judged = 1
    done(s)
    s.fault("server-readonly", "server", at=5_990, until=6_500)
    sent(s, ALLOWED)


def bad_after_it_has_started(s: Story) -> dict[str, int]:
    done(s)
    s.worker("w3", at=2_999)
    sent(s, MANY, worker="w3")
    s.worker("w4", at=5_500)
    sent(s, FAR_TOO_MANY, worker="w4")
    s.worker("f1", process="fleet-1", role="fleet")
    sent(s, MANY, worker="f1")
    s.worker("in another fleet", process="fleet-2.7", at=5_500)
    s.worker("seen later", process="fleet-1.7", at=7_001)
    s.judged = 3
    return {"hammering": 3}


def near_miss_it_has_just_started(s: Story) -> None:
    """The rig sees the workers of a fleet a little later."""
    done(s)
    s.worker("w3", at=3_001)
    sent(s, ALLOWED, worker="w3")
    s.worker("f1", process="fleet-1", role="fleet")
    s.worker("its worker", process="fleet-1.7", at=6_990)
    sent(s, ALLOWED, worker="f1")
    s.judged = 2


def near_miss(s: Story) -> None:
    s.judged = 1
    done(s)
    sent(s, ENOUGH)


def near_miss_in_a_fleet(s: Story) -> None:
    s.judged = 2
    done(s)
    s.worker("f1", process="fleet-1", role="fleet")
    sent(s, 3 * ENOUGH, worker="f1", children=3)
    sent(s, ENOUGH, worker="f1", children=0, at=7_000)


def near_miss_in_a_longer_time(s: Story) -> None:
    s.judged = 1
    done(s)
    (name, _) = s._processes["w1"]
    s.event("traffic", at=5_000, name=name, t_sent=round((1e6 + 3_000) * 1e6), commands=130,
            connections=0)  # fmt: skip


def near_miss_in_a_shorter_time(s: Story) -> None:
    s.judged = 1
    done(s)
    sent(s, ENOUGH, span=100)


def irrelevant(s: Story) -> None:
    done(s)


def irrelevant_while_it_works(s: Story) -> None:
    s.enqueue("j1", at=100)
    s.attempt("j1", "w1", at=5_300, until=5_390)
    s.finally_("j1", "completed")
    sent(s, MANY)


def irrelevant_while_jobs_come(s: Story) -> None:
    done(s, at=5_510)
    sent(s, MANY, worker="w2")
    done(s, "j2", at=9_000)


def irrelevant_while_jobs_come_back(s: Story) -> None:
    done(s)
    for number, op in enumerate(("enqueue", "release", "retry", "requeue", "takeback")):
        s.wire(op, f"other-{number}", "w2", at=10_400 + 2_000 * number)
        sent(s, MANY, at=10_000 + 2_000 * number)


def indeterminate_when_the_server_answers_while_it_is_sent(s: Story) -> None:
    done(s)
    s.wire("claim", "other", "w1", at=6_400, sent=5_900)
    sent(s, MANY)
    s.wire("claim", "more", "w1", at=8_010, sent=7_900)
    sent(s, MANY, at=8_000)
