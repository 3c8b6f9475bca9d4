"""A worker that ends by itself. w1 works until 1000."""

from tests.chaos.checks.story import Event, Story


def run(s: Story) -> None:
    s.enqueue("j1")
    s.attempt("j1", "w2", at=10, until=20)
    s.finally_("j1", "completed")


def bad(s: Story) -> dict[str, int]:
    run(s)
    s.exit("w1", at=1_000, code=1)
    return {"worker-died": 1}


def bad_with_code_0(s: Story) -> dict[str, int]:
    run(s)
    s.exit("w1", at=1_000)
    return {"worker-died": 1}


def bad_by_a_signal_of_its_own(s: Story) -> dict[str, int]:
    run(s)
    s.exit("w1", at=1_000, code=None, signal=11)
    return {"worker-died": 1}


def bad_while_another_is_told_to_stop(s: Story) -> dict[str, int]:
    run(s)
    s.fault("term", "w2", at=900)
    s.exit("w2", at=1_000)
    s.exit("w1", at=1_000, code=1)
    s.judged = 2
    return {"worker-died": 1}


def bad_in_burst_mode(s: Story) -> dict[str, int]:
    run(s)
    s.worker("w3", at=30, burst=True)
    s.exit("w3", at=1_000, code=1)
    s.worker("w4", at=30, burst=True)
    s.exit("w4", at=1_000, code=None, signal=6)
    return {"worker-died": 2}


def bad_of_the_signal_that_told_it_to_leave(s: Story) -> dict[str, int]:
    run(s)
    s.fault("hup", "w1", at=1_000)
    s.exit("w1", at=1_010, code=None, signal=1)
    return {"worker-died": 1}


def near_miss_told_before_it_was_ready(s: Story) -> None:
    run(s)
    s.event("process", at=100, event="spawn", name="worker-7", child_pid=7, role="worker")
    s.event("hello", at=140, by="worker-7", pid=7, worker="w7")
    s.fault("hup", "worker-7", at=150)
    s.event("process", at=200, event="ready", name="worker-7", child_pid=7, role="worker")
    s.event("process", at=210, event="exit", name="worker-7", child_pid=7, signal=1)
    s.judged = 1


def near_miss_killed(s: Story) -> None:
    run(s)
    s.kill("w1", at=1_000)
    s.fault("kill", "w2", at=1_000)
    s.exit("w2", at=1_001, code=1)  # it noticed before the signal came


def near_miss_told_to_stop(s: Story) -> None:
    run(s)
    s.fault("term", "w1", at=900)
    s.exit("w1", at=1_000)
    s.judged = 1


def near_miss_died_of_being_sent_home(s: Story) -> None:
    run(s)
    s.fault("term", "w1", at=900, phase="end")
    s.exit("w1", at=1_000, code=None, signal=15)
    s.judged = 1


def near_miss_died_before_it_was_noted_that_it_was_sent_home(s: Story) -> None:
    run(s)
    about: Event = {"fault": "home", "kind": "term", "target": "worker-1", "phase": "end"}
    s.event("fault", at=900, event="begun", **about)
    s.exit("w1", at=1_000, code=None, signal=15)
    s.event("fault", at=1_005, event="landed", **about)
    s.judged = 1


def bad_died_of_a_sigterm_in_the_run(s: Story) -> dict[str, int]:
    run(s)
    s.fault("term", "w1", at=900)
    s.exit("w1", at=1_000, code=None, signal=15)
    return {"worker-died": 1}


def bad_while_another_is_sent_home(s: Story) -> dict[str, int]:
    run(s)
    s.fault("term", "w2", at=900, phase="end")
    s.exit("w2", at=1_000, code=None, signal=15)
    s.exit("w1", at=1_000, code=None, signal=15)
    s.judged = 2
    return {"worker-died": 1}


def bad_before_it_was_sent_home(s: Story) -> dict[str, int]:
    run(s)
    s.exit("w1", at=900, code=None, signal=15)
    s.fault("term", "w1", at=1_000, phase="end")
    return {"worker-died": 1}


def bad_died_of_another_signal_when_sent_home(s: Story) -> dict[str, int]:
    run(s)
    s.fault("term", "w1", at=900, phase="end")
    s.exit("w1", at=1_000, code=None, signal=11)
    return {"worker-died": 1}


def near_miss_burst(s: Story) -> None:
    run(s)
    s.worker("w3", at=30, burst=True)
    s.exit("w3", at=1_000, code=0)
    s.judged = 1


def indeterminate(s: Story) -> None:
    """SIGKILL from elsewhere; an end that only a parent saw; a producer."""
    run(s)
    s.exit("w1", at=1_000, code=None, signal=9)
    s.exit("w2", at=1_000, code=None)
    s.event("process", at=1, event="spawn", name="producer", child_pid=50, role="producer")
    s.event("process", at=900, event="exit", name="producer", child_pid=50, code=1)
