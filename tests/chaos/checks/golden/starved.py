"""A job that is left behind although it was ahead.

j1 is acknowledged at 11, before j2 is sent at 20; j2 is claimed at 100 and j1 at 200.
"""

from typing import Any

from tests.chaos.checks.story import Story


def job(s: Story, job: str, *, at: float, claimed: float, worker: str = "w1", **more: Any) -> None:
    s.enqueue(job, at=at, **{"queue": "first", **more})
    s.attempt(job, worker, at=claimed, until=claimed + 10)
    s.finally_(job, "completed")


def overtaken(s: Story) -> None:
    job(s, "j1", at=10, claimed=200)
    job(s, "j2", at=20, claimed=100)


def beside_it(s: Story) -> None:
    """Another worker takes two in their order."""
    job(s, "j3", at=25, claimed=120, worker="w2")
    job(s, "j4", at=30, claimed=130, worker="w2")


def bad(s: Story) -> dict[str, int]:
    overtaken(s)
    s.fault("server-clock", "server", at=30_000, until=30_000)
    job(s, "before both", at=5, claimed=50)
    s.judged = 2
    return {"starved": 1}


def never_taken(s: Story) -> None:
    s.enqueue("j1", at=10, queue="first")
    s.finally_("j1", "queued")
    job(s, "j2", at=20, claimed=100)


def bad_never_taken(s: Story) -> dict[str, int]:
    never_taken(s)
    return {"starved": 1, "lost": 1, "stuck": 1}


def bad_deferred(s: Story) -> dict[str, int]:
    job(s, "j1", at=10, claimed=5_200, due=4_900)
    job(s, "j2", at=20, claimed=5_100, due=5_000)
    return {"starved": 1}


def bad_handed_back(s: Story) -> dict[str, int]:
    """Before the other one was taken, but after that was enqueued."""
    s.enqueue("j1", at=10, queue="first")
    s.attempt("j1", "w2", at=30, until=80, outcome="cancelled", last="release")
    s.attempt("j1", "w2", at=200, until=210, token=2)
    s.finally_("j1", "completed")
    job(s, "j2", at=70, claimed=100)
    return {"starved": 1}


def bad_of_a_queue_that_goes_first(s: Story) -> dict[str, int]:
    s.worker("w3", queues="first,second")
    job(s, "j1", at=40, claimed=200)
    job(s, "j2", at=20, claimed=100, worker="w3", queue="second")
    job(s, "j3", at=20, claimed=300, worker="w3", queue="third")
    return {"starved": 1}


def bad_without_a_wire(s: Story) -> dict[str, int]:
    job(s, "j1", at=10, claimed=2_200)
    job(s, "j2", at=20, claimed=1_000)
    s.events = [e for e in s.events if e["type"] != "transition"]
    s.run["offers"] = ["tokens", "jobs"]
    return {"starved": 1}


def bad_in_one_call(s: Story) -> dict[str, int]:
    """Beside jobs of another call and of another queue, of which nobody knows how they stand."""
    job(s, "j1", at=10, claimed=200, call="one", place=0)
    job(s, "j2", at=10, claimed=100, call="one", place=1)
    job(s, "of another call", at=10.5, claimed=300, call="two", place=0)
    job(s, "of another queue", at=10, claimed=400, call="one", place=0, queue="second")
    s.fault("server-clock", "server", at=30_000, until=30_000)
    s.judged = 2
    return {"starved": 1}


def bad_in_one_call_for_the_same_time(s: Story) -> dict[str, int]:
    """On a busy machine, which makes no difference where the commands are seen."""
    job(s, "j1", at=10, claimed=700, due=500, call="one", place=0)
    job(s, "j2", at=10, claimed=600, due=500, call="one", place=1)
    job(s, "due earlier", at=10, claimed=900, due=499.5, call="one", place=2)
    s.lag(90, until=690)
    s.judged = 2
    return {"starved": 1}


def near_miss_in_one_call_that_was_sent_twice(s: Story) -> None:
    """Of which a part was stored at first, or while the producer or the server was disturbed."""
    for place, call in enumerate(("twice", "disturbed", "server")):
        at = 10 + 1_000 * place
        # Of jobs that are due at once a claim may be unseen where the server was disturbed.
        due = at + 50 if call == "server" else None
        job(s, f"{call} 1", at=at, claimed=at + 200, due=due, call=call, place=0)
        job(s, f"{call} 2", at=at, claimed=at + 100, due=due, call=call, place=1)
    s.wire("enqueue", "twice 2", "w1", at=10.5, token=None, answer="repeat")
    s.fault("reset", "producer-1", at=1_010.5)
    s.fault("server-delay", "server", at=2_010.2, until=2_010.8)
    s.judged = 3


def near_miss_in_one_call_after_the_scripts_were_forgotten(s: Story) -> None:
    """Until another call has had them loaded again, a part of a call may be refused at first."""
    s.fault("server-scripts", "server", at=5, until=6)
    job(s, "j1", at=10, claimed=300, call="one", place=0)
    job(s, "j2", at=10, claimed=250, call="one", place=1)
    s.judged = 1


def bad_in_one_call_after_the_scripts_were_loaded(s: Story) -> dict[str, int]:
    s.fault("server-scripts", "server", at=5, until=6)
    job(s, "who loads them", at=7, claimed=240)
    job(s, "j1", at=10, claimed=300, call="one", place=0)
    job(s, "j2", at=10, claimed=250, call="one", place=1)
    s.judged = 2
    return {"starved": 1}


def near_miss_in_one_call(s: Story) -> None:
    """In order, but for one that was deferred and one that failed."""
    job(s, "deferred", at=10, claimed=350, due=250, call="one", place=0)
    job(s, "deferred too", at=10, claimed=340, due=249, call="two", place=1)
    job(s, "of a queue that nobody knows", at=10, claimed=120, queue=None)
    job(s, "j1", at=10, claimed=100, call="one", place=1)
    job(s, "j2", at=10, claimed=200, call="one", place=2)
    s.enqueue("fails", at=10, queue="first", call="one", place=3)
    s.attempt("fails", "w2", at=250, until=260, outcome="error")
    s.attempt("fails", "w2", at=500, until=510, token=2)
    s.finally_("fails", "completed", retries=1)
    job(s, "last", at=10, claimed=300, call="one", place=4)
    s.judged = 5


def irrelevant_in_one_call_and_the_clock_was_stepped(s: Story) -> None:
    job(s, "j1", at=10, claimed=200, call="one", place=0)
    job(s, "j2", at=10, claimed=100, call="one", place=1)
    s.fault("server-clock", "server", at=50, until=50)


def near_miss(s: Story) -> None:
    """In order; sent before the other was acknowledged; of another queue."""
    job(s, "j1", at=10, claimed=100)
    job(s, "j2", at=20, claimed=200)
    job(s, "j3", at=30, claimed=330)
    job(s, "sent at once", at=30.5, claimed=320)
    s.worker("w3", queues="second,first")
    job(s, "of another queue", at=40, claimed=310, worker="w3", queue="second")
    s.judged = 4


def near_miss_each_has_its_own_order(s: Story) -> None:
    s.worker("w3", queues="second,first")
    s.worker("w4", queues="third,first")
    s.worker("w5", queues="first,second")
    job(s, "j1", at=10, claimed=100, worker="w3", queue="second")
    job(s, "j2", at=10, claimed=110, worker="w3", queue="second")
    job(s, "j3", at=10, claimed=200, worker="w3")
    job(s, "j4", at=10, claimed=300, worker="w4", queue="third")
    s.judged = 2


def near_miss_both_were_handed_back(s: Story) -> None:
    for name, at, claimed in (("j1", 10, 200), ("j2", 90, 150)):
        s.enqueue(name, at=at, queue="first")
        s.attempt(name, "w2", at=at + 20, until=at + 25, outcome="cancelled", last="release")
        s.attempt(name, "w2", at=claimed, until=claimed + 5, token=2)
        s.finally_(name, "completed")
    s.forget("transition", op="claim", job="j2", token=1)
    s.forget("start", job="j2", token=1)
    s.forget("end", job="j2", token=1)
    s.judged = 1


def near_miss_the_other_was_handed_back(s: Story) -> None:
    s.enqueue("j2", at=2, queue="first")
    s.attempt("j2", "w2", at=8, until=20, outcome="cancelled", last="release")
    s.attempt("j2", "w2", at=100, until=110, token=2)
    s.finally_("j2", "completed")
    job(s, "j1", at=10, claimed=200)
    s.judged = 1


def near_miss_it_was_not_due(s: Story) -> None:
    job(s, "j1", at=10, claimed=5_200, due=5_000)
    job(s, "j2", at=20, claimed=100)
    job(s, "j3", at=20, claimed=5_100, due=5_001)
    s.judged = 1


def near_miss_one_that_was_disturbed(s: Story) -> None:
    """It may have claimed the job before, and asked again."""
    overtaken(s)
    beside_it(s)
    s.fault("reset", "w1", at=150)
    s.judged = 2


def near_miss_one_that_was_disturbed_while_the_job_was_enqueued(s: Story) -> None:
    """It may have waited for the job, and claimed it before its enqueue was answered."""
    overtaken(s)
    beside_it(s)
    s.fault("reset", "w1", at=10.5)
    s.judged = 2


def near_miss_one_that_was_taken_back_by_an_answer_that_came_late(s: Story) -> None:
    """Another worker claims it at once, and hears of that sooner."""
    s.enqueue("j1", at=10, queue="first")
    s.wire("takeback", "j1", "w2", at=202, sent=198)
    s.attempt("j1", "w1", at=200, until=210, token=3)
    s.finally_("j1", "completed")
    job(s, "j2", at=20, claimed=100)
    beside_it(s)
    s.judged = 2


def near_miss_the_machine_was_busy(s: Story) -> None:
    job(s, "j1", at=10, claimed=2_200)
    job(s, "j2", at=20, claimed=1_000)
    s.events = [e for e in s.events if e["type"] != "transition"]
    s.run["offers"] = ["tokens", "jobs"]
    s.lag(400, until=1_500)
    s.judged = 1


def indeterminate_the_clock_was_stepped(s: Story) -> dict[str, int]:
    never_taken(s)
    s.fault("server-clock", "server", at=15, until=15)
    return {"lost": 1, "stuck": 1}


def near_miss_it_was_cancelled_twice(s: Story) -> None:
    s.enqueue("cancelled", at=10, queue="first", doomed=True)
    s.wire("bury", "cancelled", "w1", at=50, token=None)
    s.wire("bury", "cancelled", "w1", at=150, token=None, answer="repeat")
    s.finally_("cancelled", "dead")
    job(s, "j1", at=20, claimed=100)
    job(s, "j2", at=30, claimed=200)
    s.judged = 1


def indeterminate_the_clock_was_stepped_before_the_other_came(s: Story) -> None:
    job(s, "j1", at=10, claimed=100, due=5_000)
    s.fault("server-clock", "server", at=15, until=15)
    job(s, "j2", at=20, claimed=200)


def irrelevant(s: Story) -> None:
    """Nothing waits when it is taken; one that is cancelled is not taken."""
    job(s, "j1", at=10, claimed=50)
    job(s, "j2", at=100, claimed=200)
    s.enqueue("cancelled", at=110, queue="first", doomed=True)
    s.wire("bury", "cancelled", "w1", at=150, token=None)
    s.finally_("cancelled", "dead")


def indeterminate(s: Story) -> None:
    overtaken(s)
    s.tear()
