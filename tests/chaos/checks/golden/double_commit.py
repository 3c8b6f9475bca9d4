"""Two accepted completions of one job."""

from typing import Any

from tests.chaos.checks.story import Story


def twice(s: Story, job: str) -> None:
    """Completions are sent at 31 and 131, and answered a ms later."""
    s.enqueue(job, effects=2)
    s.attempt(job, at=10, until=30)
    s.attempt(job, "w2", at=110, until=130, token=2)
    s.finally_(job, "completed", effects=2)


def bad(s: Story) -> dict[str, int]:
    for job in ("plain", "requeued before", "requeued after", "not requeued"):
        twice(s, job)
    s.wire("requeue", "requeued before", "w1", token=None, at=20)
    s.wire("requeue", "requeued after", "w1", token=None, at=150)
    s.wire("requeue", "not requeued", "w1", token=None, at=50, answer="refused")
    twice(s, "requeue failed")
    s.enqueue("requeue failed", kind="requeue", at=60, result="fail")
    s.enqueue("effects", effects=2)
    s.finally_("effects", "completed", effects=1)
    s.final("effect", job="effects", token=2)
    for token in (1, 2):
        s.final("effect", job="from nowhere", token=token)
    s.wire("requeue", "another", "w1", token=None, at=60)
    s.judged = 15
    return {"double-commit": 7}


def bad_without_tokens(s: Story) -> dict[str, int]:
    """By two workers, one of which has started before; and by one that has started twice."""
    s.enqueue("overlap")
    s.start("overlap", "w1", at=10, token=None)
    s.start("overlap", "w2", at=20, token=None)
    s.wire("finish", "overlap", "w1", at=31, token=None)
    s.wire("finish", "overlap", "w2", at=41, token=None)
    s.finally_("overlap", "completed")
    s.enqueue("again")
    s.start("again", "w1", at=10, token=None)
    s.wire("finish", "again", "w1", at=31, token=None)
    s.start("again", "w1", at=40, token=None)
    s.wire("finish", "again", "w1", at=51, token=None)
    s.finally_("again", "completed")
    s.enqueue("two tokens")
    s.start("two tokens", "w1", at=10)
    for token in (1, 2):
        s.wire("finish", "two tokens", "w1", at=30 + token, token=token)
    s.finally_("two tokens", "completed")
    s.judged = 6
    return {"double-commit": 3, "overlap": 2}


def near_miss_the_reply_was_lost(s: Story) -> None:
    """The worker sends the completion of its only run once more."""
    s.enqueue("j1")
    s.start("j1", "w1", at=10, token=None)
    for at in (31, 41):
        s.wire("finish", "j1", "w1", at=at, token=None)
    s.finally_("j1", "completed")
    s.enqueue("j2")
    s.start("j2", "w1", at=35, token=None)
    s.wire("finish", "j2", "w1", at=45, token=None)
    s.finally_("j2", "completed")
    s.judged = 3


def near_miss(s: Story) -> None:
    s.enqueue("repeat")
    s.attempt("repeat", at=10, until=30)
    s.wire("finish", "repeat", "w1", at=40, answer="repeat")
    s.finally_("repeat", "completed")
    for job in ("seen", "asked"):
        twice(s, job)
        s.final("effect", job=job, token=2)
    s.wire("requeue", "seen", "w1", token=None, at=60)
    s.enqueue("asked", kind="requeue", at=60)
    s.enqueue("other")
    s.attempt("other", at=10, until=30)
    s.finally_("other", "completed")
    s.judged = 4


def indeterminate(s: Story) -> None:
    """The first completion may have failed; a requeue may have come between."""
    s.enqueue("lost reply")
    s.attempt("lost reply", at=10, until=30)
    s.wire("finish", "lost reply", "w1", at=40, answer=None)
    s.finally_("lost reply", "completed")
    for job in ("any time", "since"):
        twice(s, job)
    s.enqueue("since", kind="requeue", at=5, result="info")
    about: dict[str, Any] = {"op": "rq", "job": "any time", "kind": "requeue"}
    s.event("enqueue", at=200, phase="ok", **about)
    s.final("effect", job="whose effects have no token", token=None)
    s.judged = 3


def indeterminate_one_of_its_effects_is_refused(s: Story) -> None:
    """Those before it stay, and the next attempt tries again."""
    s.enqueue("j1", doomed=True, effects=2, refused=True)
    s.finally_("j1", "dead")
    for token in (1, 2):
        s.final("effect", job="j1", token=token)
    s.unknown = True
    s.judged = 0
