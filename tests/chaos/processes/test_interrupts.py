"""A signal to the rig: one exception, and no step that is cut in two."""

import signal
from pathlib import Path
from typing import Any

import pytest

from chaos.processes import (
    Interrupted,
    Process,
    ProcessGroup,
    held_back,
    on_signals,
    spawn,
    wait_until,
)

from .children import python, words


@pytest.mark.usefixtures("default_signals")
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_becomes_one_exception(signum: signal.Signals) -> None:
    before = signal.getsignal(signum)
    cleaned = []

    def rig() -> None:
        try:
            signal.raise_signal(signum)
        finally:
            signal.raise_signal(signal.SIGTERM)  # Ignored: it would cut the clean-up short.
            cleaned.append(True)

    with pytest.raises(Interrupted, match=signum.name) as caught, on_signals():
        rig()
    assert caught.value.signum == signum
    assert cleaned
    assert signal.getsignal(signum) is before


@pytest.mark.usefixtures("default_signals")
@pytest.mark.parametrize("signum", [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
def test_an_ignored_signal_stays_ignored_but_not_by_what_is_started(
    signum: signal.Signals, log: Path
) -> None:
    code = f"import signal; print(signal.getsignal({int(signum)}) is signal.SIG_IGN)"
    before = signal.signal(signum, signal.SIG_IGN)
    try:
        with on_signals(), ProcessGroup() as group:
            signal.raise_signal(signum)
            child = group.spawn(python(code), log=log)
            assert wait_until(lambda: not child.alive, 10)
        assert signal.getsignal(signum) is signal.SIG_IGN
    finally:
        signal.signal(signum, before)
    assert log.read_text() == "False\n"


@pytest.mark.usefixtures("default_signals")
def test_a_signal_waits_for_the_end_of_a_step_that_must_not_be_cut() -> None:
    steps = []

    def rig() -> None:
        with held_back():
            with held_back():
                signal.raise_signal(signal.SIGTERM)
                steps.append("inner")
            signal.raise_signal(signal.SIGINT)
            steps.append("outer")
        steps.append("never")

    with pytest.raises(Interrupted) as caught, on_signals():
        rig()
    assert steps == ["inner", "outer"]
    assert caught.value.signum == signal.SIGTERM


@pytest.mark.usefixtures("default_signals")
def test_a_signal_during_clean_up_does_not_stop_it(log: Path) -> None:
    # The child sends the rig a SIGTERM exactly while the rig waits for the child to leave.
    code = """
import os, signal, time
signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getppid(), signal.SIGTERM))
print("ready", flush=True)
while True:
    time.sleep(60)
"""
    children = []

    def rig() -> None:
        with ProcessGroup(grace_s=0.5) as group:
            children.append(group.spawn(python(code), log=log))
            words(log, 1)

    with pytest.raises(Interrupted), on_signals():
        rig()
    assert children[0].wait(0).signal == signal.SIGKILL


@pytest.mark.usefixtures("default_signals")
def test_a_signal_between_start_and_registration_leaves_no_child(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    children = []

    def interrupted_spawn(*args: Any, **options: Any) -> Process:
        children.append(spawn(*args, **options))
        signal.raise_signal(signal.SIGTERM)
        return children[0]

    monkeypatch.setattr("chaos.processes.group.spawn", interrupted_spawn)
    with pytest.raises(Interrupted), on_signals(), ProcessGroup() as group:
        group.spawn(["sleep", "60"], log=log)
    assert not children[0].alive
