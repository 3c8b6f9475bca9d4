"""A worker of a fleet that is gone, and that none replaces within three seconds."""

from tests.chaos.checks.story import Story


def everyday(s: Story) -> None:
    """Some work that another worker does."""
    s.enqueue("everyday")
    s.attempt("everyday", "w2", at=10, until=20)
    s.finally_("everyday", "completed")


def fleet(s: Story, name: str = "fleet-1", *, children: str = "ab", burst: bool = False) -> None:
    s.worker(name, process=name, role="fleet", burst=burst)
    for child in children:
        start(s, f"{name}.{child}", at=0, burst=burst)


def start(s: Story, name: str, *, at: float, burst: bool = False) -> None:
    s.worker(name, process=name, at=at, burst=burst)


def bad(s: Story) -> dict[str, int]:
    everyday(s)
    fleet(s)
    s.kill("fleet-1.a", at=5_000)
    s.kill("fleet-1.b", at=5_000)
    start(s, "fleet-1.c", at=5_100)
    start(s, "fleet-1.d", at=8_210)
    s.fault("pause", "fleet-1", at=3_000, until=4_900)
    s.fault("pause", "fleet-1", at=8_300, until=8_400)
    s.fault("term", "fleet-1", at=20_000)
    for name in ("fleet-1.c", "fleet-1.d", "fleet-1"):
        s.exit(name, at=20_500)
    s.judged = 2
    return {"unreplaced": 1}


def bad_burst(s: Story) -> dict[str, int]:
    """One leaves because nothing is left, as far as it knows; and one is killed."""
    everyday(s)
    fleet(s, children="abc", burst=True)
    s.exit("fleet-1.a", at=4_000, code=None)
    s.kill("fleet-1.b", at=5_000)
    s.fault("term", "fleet-1.c", at=5_000)
    s.exit("fleet-1.c", at=5_100, code=None)
    return {"unreplaced": 2}


def bad_the_fourth(s: Story) -> dict[str, int]:
    everyday(s)
    fleet(s, children="a")
    names = [f"fleet-1.{letter}" for letter in "abcd"]
    for n, name in enumerate(names):
        if n:
            start(s, name, at=5_000 * n + 100)
        s.kill(name, at=5_000 * (n + 1))
    s.judged = 4
    return {"unreplaced": 1}


def bad_others_went_long_before_or_later_or_elsewhere(s: Story) -> dict[str, int]:
    everyday(s)
    fleet(s, children="abc")
    fleet(s, "fleet-2", children="abc")
    s.kill("fleet-1.a", at=2_000)
    start(s, "fleet-1.d", at=2_100)
    s.kill("fleet-2.a", at=4_990)
    start(s, "fleet-2.d", at=5_090)
    s.kill("fleet-1.b", at=5_000)
    start(s, "fleet-1.e", at=8_010)
    s.kill("fleet-1.c", at=7_000)
    start(s, "fleet-1.f", at=8_020)
    s.judged = 4
    return {"unreplaced": 1}


def near_miss(s: Story) -> None:
    everyday(s)
    fleet(s)
    s.kill("fleet-1.a", at=5_000)
    s.kill("fleet-1.b", at=5_000)
    start(s, "fleet-1.c", at=5_100)
    start(s, "fleet-1.d", at=8_190)
    s.judged = 2


def bad_gone_by_itself(s: Story) -> dict[str, int]:
    """Whatever becomes of another fleet, of its own other worker, and of those in no fleet."""
    everyday(s)
    fleet(s)
    fleet(s, "fleet-2", children="abc")
    s.exit("fleet-1.a", at=5_000, code=None)
    s.fault("pause", "fleet-1.b", at=5_100, until=5_200)
    s.fault("pause", "w2", at=5_100, until=5_200)
    return {"unreplaced": 1, "needless-replacement": 1}


def bad_burst_that_had_replaced_one(s: Story) -> dict[str, int]:
    everyday(s)
    fleet(s, children="abc", burst=True)
    s.exit("fleet-1.a", at=4_000, code=None)
    start(s, "fleet-1.d", at=4_500, burst=True)
    s.kill("fleet-1.b", at=5_000)
    return {"unreplaced": 1}


def near_miss_two_fleets(s: Story) -> None:
    everyday(s)
    for name in ("fleet-1", "fleet-2"):
        fleet(s, name)
        s.kill(f"{name}.a", at=5_000)
        start(s, f"{name}.c", at=5_100)
    s.judged = 2


def near_miss_busy_machine(s: Story) -> None:
    everyday(s)
    fleet(s)
    s.kill("fleet-1.a", at=5_000)
    s.event("lag", at=5_500, lag_ms=300)
    start(s, "fleet-1.c", at=8_500)
    s.judged = 1


def bad_all_at_once(s: Story) -> dict[str, int]:
    everyday(s)
    fleet(s, children="abcdefg")
    for child in "abcdefg":
        s.kill(f"fleet-1.{child}", at=5_000)
    for child in "hijklm":
        start(s, f"fleet-1.{child}", at=5_100)
    s.judged = 7
    return {"unreplaced": 1}


def all_at_once_that_came_slowly(s: Story, *, new_at: float) -> None:
    """One every 600 ms: the last of the five to go has 3 + 4 * 3 * 0.6 * 4 / 5 s."""
    everyday(s)
    s.worker("fleet-1", process="fleet-1", role="fleet")
    for n, child in enumerate("abcde"):
        start(s, f"fleet-1.{child}", at=600 * n)
        s.kill(f"fleet-1.{child}", at=5_000)
    for child in "fghi":
        start(s, f"fleet-1.{child}", at=5_100)
    start(s, "fleet-1.j", at=new_at)
    s.judged = 5


def bad_all_at_once_that_came_slowly(s: Story) -> dict[str, int]:
    all_at_once_that_came_slowly(s, new_at=13_770)
    return {"unreplaced": 1}


def near_miss_all_at_once_that_came_slowly(s: Story) -> None:
    all_at_once_that_came_slowly(s, new_at=13_750)


def irrelevant(s: Story) -> None:
    """The fifth in a row may be replaced much later; others had a reason, or no fleet."""
    everyday(s)
    s.kill("w2", at=5_000)
    for name, kind, at in (("fleet-3", "kill", 5_100), ("fleet-4", "term", 4_000)):
        fleet(s, name)
        s.kill(f"{name}.a", at=5_000)
        s.fault(kind, name, at=at)
    s.exit("fleet-3", at=5_110)
    s.exit("fleet-3.b", at=5_200)
    s.exit("fleet-4.b", at=6_000)
    s.exit("fleet-4", at=6_000)
    fleet(s, "fleet-5", burst=True)
    s.exit("fleet-5.a", at=5_000, code=None)
    fleet(s, "fleet-7")
    s.kill("fleet-7.a", at=58_000)


def stopped_parents(s: Story, *, new_at: float) -> None:
    """Each for a moment, in which a worker goes or after which it has gone."""
    everyday(s)
    for name, begun in (("fleet-1", 4_900), ("fleet-2", 5_100)):
        fleet(s, name)
        s.kill(f"{name}.a", at=5_000)
        s.fault("pause", name, at=1_000, until=1_100)
        s.fault("pause", name, at=begun, until=6_000)
        start(s, f"{name}.c", at=new_at)
    s.judged = 2


def bad_after_its_parent_was_stopped(s: Story) -> dict[str, int]:
    stopped_parents(s, new_at=9_010)
    return {"unreplaced": 2}


def near_miss_after_its_parent_was_stopped(s: Story) -> None:
    stopped_parents(s, new_at=8_990)


def irrelevant_the_parent_is_stopped_again_and_again(s: Story) -> None:
    everyday(s)
    fleet(s)
    s.kill("fleet-1.a", at=5_000)
    s.fault("pause", "fleet-1", at=5_100, until=7_900)
    s.fault("pause", "fleet-1", at=8_200, until=10_800)


def irrelevant_the_parent_was_leaving(s: Story) -> None:
    """It takes its time, but no more than it may."""
    everyday(s)
    fleet(s)
    s.fault("term", "fleet-1", at=4_000)
    s.kill("fleet-1.a", at=5_000)
    for name in ("fleet-1.b", "fleet-1"):
        s.exit(name, at=8_700)


def near_miss_the_fifth(s: Story) -> None:
    everyday(s)
    fleet(s, children="a")
    names = [f"fleet-1.{letter}" for letter in "abcde"]
    for n, name in enumerate(names):
        if n:
            start(s, name, at=5_000 * n + 100)
        s.kill(name, at=5_000 * (n + 1))
    s.judged = 4


def indeterminate(s: Story) -> None:
    """Nobody has looked at the end, so nobody may have looked at the fleet."""
    everyday(s)
    fleet(s)
    s.kill("fleet-1.a", at=5_000)
    s.forget("final", what="read")
    s.unknown = True
