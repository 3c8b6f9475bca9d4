"""A job with other arguments than were enqueued."""

from tests.chaos.checks.story import Story


def bad(s: Story) -> dict[str, int]:
    """A handler gets others; and so does the store, of a job that never started."""
    s.enqueue("j1", arguments="sent")
    s.start("j1", "w1", at=10, arguments="other")
    s.end("j1", "w1", at=20)
    s.finally_("j1", "completed", arguments="sent")
    s.enqueue("j2", doomed=True, arguments="sent")
    s.finally_("j2", "dead", arguments="other")
    s.judged = 3
    return {"wrong-arguments": 2}


def bad_those_of_a_later_enqueue(s: Story) -> dict[str, int]:
    """A second enqueue of the id must change nothing."""
    s.enqueue("j1", arguments="first")
    s.enqueue("j1", at=10, arguments="second")
    s.start("j1", "w1", at=20, arguments="second")
    s.end("j1", "w1", at=30)
    s.finally_("j1", "completed")
    return {"wrong-arguments": 1}


def bad_those_of_an_enqueue_that_did_not_happen(s: Story) -> dict[str, int]:
    s.enqueue("j1", result="fail", arguments="refused")
    s.enqueue("j1", at=10, arguments="accepted")
    s.enqueue("j1", at=10, arguments="answered", answer_job="j2")
    s.enqueue("j2", at=5)
    for at, arguments in ((20, "refused"), (40, "answered"), (60, "accepted")):
        s.start("j1", "w1", at=at, token=at, arguments=arguments)
        s.end("j1", "w1", at=at + 10, token=at)
    s.finally_("j1", "completed")
    s.finally_("j2", "completed")
    s.judged = 3
    return {"wrong-arguments": 2}


def near_miss(s: Story) -> None:
    s.enqueue("j1", arguments="sent")
    s.start("j1", "w1", at=10, arguments="sent")
    s.end("j1", "w1", at=20)
    s.finally_("j1", "completed", arguments="sent")
    s.judged = 2


def indeterminate_two_enqueues_at_a_time(s: Story) -> None:
    """Either may have been the first."""
    s.enqueue("j1", arguments="one")
    s.enqueue("j1", at=0.5, arguments="other")
    s.start("j1", "w1", at=10, arguments="other")
    s.end("j1", "w1", at=20)
    s.finally_("j1", "completed", arguments="one")
    s.judged = 2


def indeterminate_the_first_may_not_have_happened(s: Story) -> None:
    s.enqueue("j1", result="info", arguments="one")
    s.enqueue("j1", at=10, arguments="other")
    s.start("j1", "w1", at=20, arguments="other")
    s.end("j1", "w1", at=30)
    s.finally_("j1", "completed", arguments="other")
    s.enqueue("j2", result="info", arguments="one")
    s.start("j2", "w1", at=40, arguments="one")
    s.end("j2", "w1", at=50)
    s.finally_("j2", "completed")
    s.judged = 3


def indeterminate_a_server_that_forgot_the_first(s: Story) -> None:
    s.enqueue("j1", arguments="first")
    s.fault("server-kill", "server", at=5, until=8)
    s.enqueue("j1", at=10, arguments="second")
    s.start("j1", "w1", at=20, arguments="second")
    s.end("j1", "w1", at=30)
    s.finally_("j1", "completed", arguments="second")
    s.judged = 2


def indeterminate_unknown_what_was_sent(s: Story) -> None:
    s.enqueue("j1", arguments="sent")
    s.enqueue("j1", at=0.5)
    s.start("j1", "w1", at=10, arguments="other")
    s.end("j1", "w1", at=20)
    s.finally_("j1", "completed")


def irrelevant_arguments_that_nobody_saw(s: Story) -> None:
    s.enqueue("j1", arguments="sent")
    s.start("j1", "w1", at=10)
    s.end("j1", "w1", at=20)
    s.finally_("j1", "completed")


def bad_those_of_a_requeue(s: Story) -> dict[str, int]:
    """It gives a job a new life, and no other arguments."""
    s.enqueue("j1", result="info", arguments="sent")
    s.enqueue("j1", at=10, kind="requeue", arguments="other")
    s.start("j1", "w1", at=20, arguments="other")
    s.end("j1", "w1", at=30)
    s.finally_("j1", "completed")
    return {"wrong-arguments": 1}
