"""Two live jobs under one unique key."""

from typing import Any

from tests.chaos.checks.story import Story


def holder(s: Story, *, until: float = 500, wire: bool = True, worker: str = "w1") -> None:
    """j1 holds the key `k` until it ends."""
    s.enqueue("j1", unique="k")
    if wire:
        s.attempt("j1", worker, at=10, until=until)
    else:
        s.start("j1", worker, at=12)
        s.end("j1", worker, at=until)
    s.finally_("j1", "completed")


def second(s: Story, *, at: float = 100, unique: str | None = "k", **fields: Any) -> None:
    s.enqueue("j2", unique=unique, at=at, **fields)
    s.finally_("j2", "completed")


def bad(s: Story) -> dict[str, int]:
    holder(s)
    second(s)
    return {"unique-violated": 1}


def bad_without_a_wire(s: Story) -> dict[str, int]:
    holder(s, wire=False)
    second(s)
    return {"unique-violated": 1}


def bad_of_each_kind(s: Story) -> dict[str, int]:
    for op in ("claim", "refresh", "finish", "retry", "release", "bury"):
        s.enqueue(op, unique=op)
        s.wire(op, op, "w1", at=200)
        s.enqueue(f"second {op}", unique=op, at=100)
        s.finally_(op, "completed")
        s.finally_(f"second {op}", "completed")
    s.start("claim", "w1", at=50)
    return {"unique-violated": 6}


def bad_after_another(s: Story) -> dict[str, int]:
    """The key had been used before. And the answer may not name the job."""
    s.enqueue("j0", unique="k")
    s.attempt("j0", at=5, until=20)
    s.finally_("j0", "completed")
    s.enqueue("j1", unique="k", at=60)
    s.attempt("j1", at=70, until=500)
    s.finally_("j1", "completed")
    second(s)
    for event in s.events:
        event.pop("answer_job", None)
    return {"unique-violated": 1}


def bad_asked_for_before_in_vain(s: Story) -> dict[str, int]:
    s.enqueue("j2", unique="k", result="fail")
    s.enqueue("j1", unique="k", at=5)
    s.attempt("j1", "w1", at=10, until=500)
    s.finally_("j1", "completed")
    second(s)
    return {"unique-violated": 1}


def irrelevant_asked_for_before(s: Story) -> None:
    """It may be there already, and over."""
    s.enqueue("j2", unique="k", result="info")
    s.enqueue("j1", unique="k", at=5)
    s.attempt("j1", "w1", at=10, until=500)
    s.finally_("j1", "completed")
    second(s)


def near_miss_never_run(s: Story) -> None:
    s.enqueue("j1", unique="k")
    s.finally_("j1", "completed")
    second(s)
    s.attempt("j2", at=110, until=120)


def near_miss_answered(s: Story) -> None:
    """The earlier job stands for the new one, or the new one is the earlier one."""
    holder(s)
    s.enqueue("j2", unique="k", at=100, answer_job="j1")
    s.finally_("j2", "missing")
    s.enqueue("j1", unique="k", at=200)
    s.judged = 1


def near_miss_over(s: Story) -> None:
    holder(s)
    second(s, at=502)


def near_miss_clocks_differ(s: Story) -> None:
    holder(s)
    second(s, at=496)


def near_miss_straggler(s: Story) -> None:
    """Without a wire: the first attempt may have lost the job, and not know it."""
    s.enqueue("j1", unique="k")
    s.start("j1", "w1", at=12)
    s.start("j1", "w2", at=1_500, token=2)
    s.end("j1", "w2", at=1_600, token=2)
    s.end("j1", "w1", at=3_000, outcome="lost")
    s.fault("pause", "w1", at=50, until=2_900)
    s.finally_("j1", "completed")
    second(s, at=2_000)


def near_miss_cancelled(s: Story) -> None:
    """Without a wire: a cancelled attempt says nothing about the end of its job."""
    holder(s, wire=False)
    for event in s.events:
        if event["type"] == "end":
            event["outcome"] = "cancelled"
    second(s)


def near_miss_refused(s: Story) -> None:
    holder(s, until=50)
    s.wire("finish", "j1", "w1", at=200, answer="refused")
    second(s)


def irrelevant(s: Story) -> None:
    """Other keys; no key; the first enqueue failed, or came later."""
    s.enqueue("j0", unique="k", result="fail")
    second(s)
    s.enqueue("j3", unique="other")
    s.attempt("j3", at=10, until=900)
    s.finally_("j3", "completed")


def irrelevant_without_keys(s: Story) -> None:
    holder(s)
    for event in s.events:
        event.pop("unique", None)
    second(s, unique=None)


def irrelevant_at_an_unknown_time(s: Story) -> None:
    holder(s)
    second(s)
    s.forget("enqueue", job="j2", phase="invoke")
    for event in s.events:
        if event.get("job") == "j2" and event.get("phase") == "ok":
            event["unique"] = "k"


def irrelevant_without_an_answer(s: Story) -> None:
    holder(s)
    second(s, result="info")


def irrelevant_requeued(s: Story) -> None:
    holder(s)
    second(s)
    s.wire("requeue", "j1", "w1", token=None, at=300)


def irrelevant_requeue_of_a_job_from_before(s: Story) -> None:
    holder(s)
    s.enqueue("j2", unique="k", at=100, kind="requeue")


def irrelevant_requeue(s: Story) -> None:
    """A requeue does not enqueue a second job."""
    holder(s)
    s.enqueue("j2")
    second(s, kind="requeue")


def indeterminate(s: Story) -> None:
    """Either of the two may not have been accepted, or not in this order."""
    holder(s)
    second(s, result="info")
    s.forget("enqueue", job="j2", phase="info")
    s.enqueue("a", unique="l", result="info")
    s.enqueue("b", unique="l", at=100)
    s.attempt("a", at=110, until=300)
    s.enqueue("c", unique="m")
    s.forget("enqueue", job="c", phase="invoke")
    s.enqueue("d", unique="n", at=20)
    s.enqueue("e", unique="n", at=20)
    s.attempt("d", at=30, until=300)
    for job in ("a", "b", "c", "d", "e"):
        s.finally_(job, "completed")
    s.wire("finish", "j1", "w1", at=700, answer=None)
