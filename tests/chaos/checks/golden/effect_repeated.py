"""More effects in the store than one commit hands over, or effects without a commit."""

from tests.chaos.checks.story import Story


def bad(s: Story) -> dict[str, int]:
    s.enqueue("twice", effects=1)
    s.attempt("twice", at=10, until=30)
    s.finally_("twice", "completed", effects=2)
    s.enqueue("buried", effects=1, doomed=True)
    s.finally_("buried", "dead", effects=1)
    s.enqueue("unannounced", effects=0)
    s.finally_("unannounced", "completed", effects=1)
    return {"effect-repeated": 3}


def near_miss(s: Story) -> None:
    s.enqueue("all", effects=2)
    s.attempt("all", at=10, until=30)
    s.finally_("all", "completed", effects=2)
    s.enqueue("again", effects=1)
    s.wire("requeue", "again", "w1", token=None, at=60)
    s.finally_("again", "completed", effects=2)
    s.enqueue("expired", effects=1)
    s.finally_("expired", "missing", effects=2)
    s.judged = 1


def near_miss_none(s: Story) -> dict[str, int]:
    s.enqueue("j1", effects=1)
    s.attempt("j1", at=10, until=30)
    s.finally_("j1", "completed")
    s.judged = 1
    return {"effect-missing": 1}  # too few is another matter


def irrelevant(s: Story) -> None:
    s.enqueue("without")
    s.attempt("without", at=10, until=30)
    s.finally_("without", "completed")
    s.enqueue("dead", effects=1, doomed=True)
    s.finally_("dead", "dead")


def indeterminate(s: Story) -> None:
    """A job that may be another run's; and one whose requests disagree."""
    s.enqueue("doubtful", effects=1, doomed=True, result="info")
    s.attempt("doubtful", at=10, until=30, outcome="error", last="bury")
    s.finally_("doubtful", "dead", effects=1)
    s.enqueue("either", effects=1)
    s.enqueue("either", effects=2)
    s.finally_("either", "completed", effects=2)
    for effects in (1, 2):
        s.enqueue("neither", effects=effects, result="info", doomed=True)
    s.finally_("neither", "dead", effects=2)
    s.judged = 1


def indeterminate_one_of_its_effects_is_refused(s: Story) -> None:
    """Those before it stay, as often as its commit was tried."""
    s.enqueue("j1", doomed=True, effects=2, refused=True)
    s.finally_("j1", "dead", effects=2)
    s.unknown = True
    s.judged = 0


def bad_although_one_of_its_effects_is_refused(s: Story) -> dict[str, int]:
    """It is completed after all."""
    s.enqueue("j1", effects=1, refused=True)
    s.attempt("j1", at=10, until=30)
    s.finally_("j1", "completed", effects=2)
    return {"effect-repeated": 1}
