"""A job that nobody enqueued, or that is there twice."""

from tests.chaos.checks.story import Story


def bad(s: Story) -> dict[str, int]:
    s.enqueue("j1")
    s.finally_("j1", "completed")
    s.finally_("j2", "completed")
    s.enqueue("j3", result="fail")
    s.finally_("j3", "completed")
    s.enqueue("j4", answer_job="j1")
    s.finally_("j4", "completed")
    s.judged = 4
    return {"extra-job": 3}


def bad_known_only_from_a_requeue(s: Story) -> dict[str, int]:
    """The refused enqueue is all that could have made it."""
    s.enqueue("j1", result="fail")
    s.enqueue("j1", at=10, kind="requeue", result="info")
    s.finally_("j1", "completed")
    return {"extra-job": 1}


def bad_listed_twice(s: Story) -> dict[str, int]:
    s.enqueue("j1", doomed=True)
    s.finally_("j1", "dead")
    for _ in range(2):
        s.final("dlq", job="j1", queue="chaos")
    s.enqueue("j2")
    s.finally_("j2", "completed")
    for queue in ("chaos", "low"):
        s.final("queue", job="j2", queue=queue)
    s.judged = 4
    return {"extra-job": 2, "stuck": 2}


def bad_although_one_without_an_id_was_refused(s: Story) -> dict[str, int]:
    for at, phase in ((0, "invoke"), (1, "fail")):
        s.event("enqueue", at=at, by="producer", pid=50, phase=phase, op="nameless", kind="plain")
    s.finally_("j1", "completed")
    return {"extra-job": 1}


def near_miss(s: Story) -> None:
    """Each was enqueued, whether that was answered or not."""
    s.enqueue("j1", doomed=True)
    s.finally_("j1", "dead")
    s.final("dlq", job="j1", queue="chaos")
    s.enqueue("j2", result="info")
    s.finally_("j2", "completed")
    s.enqueue("j3", answer_job="j1")
    s.finally_("j3", "missing")
    s.finally_("j4", "missing")
    s.attempt("j2", at=10, until=20)
    s.judged = 3


def near_miss_refused_and_then_accepted(s: Story) -> None:
    s.enqueue("j1", result="fail")
    s.enqueue("j1", at=10)
    s.finally_("j1", "completed")
    s.enqueue("j2", result="fail")
    s.enqueue("other", at=10, answer_job="j2")
    s.finally_("j2", "completed")
    s.finally_("other", "missing")
    s.enqueue("j3", result="fail")
    s.enqueue("j3", at=10, result="info")
    s.finally_("j3", "completed")
    s.attempt("j1", at=20, until=30)
    s.judged = 3


def indeterminate_from_before_the_run(s: Story) -> None:
    s.enqueue("j1", answer_job="old")
    s.finally_("j1", "missing")
    s.finally_("old", "completed")
    s.attempt("old", at=10, until=20)
    s.judged = 1


def indeterminate_an_enqueue_without_an_id(s: Story) -> None:
    """It was not answered, and may have made the job."""
    s.event("enqueue", at=0, by="producer", pid=50, phase="invoke", op="nameless", kind="plain")
    s.finally_("j1", "completed")
    s.enqueue("j2")
    s.finally_("j2", "completed")
    s.attempt("j2", at=10, until=20)
    s.judged = 1


def indeterminate_when_events_may_be_missing(s: Story) -> None:
    s.enqueue("j1")
    s.finally_("j1", "completed")
    s.finally_("j2", "completed")
    s.tear()
    s.judged = 0


def irrelevant_nothing_is_left(s: Story) -> None:
    s.enqueue("j1", result="fail")
    s.finally_("j1", "missing")
    s.unknown = True
