"""Events are the one place where the words of a history stand."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields
from inspect import getdoc

import pytest

from chaos.history.event import Event
from chaos.history.events import EVENTS, EnqueueInvoked, FaultLanded, FinalRead, Transition
from chaos.history.schema import fields_of


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_each_event_and_each_of_its_fields_has_a_meaning(event: type[Event]) -> None:
    assert getdoc(event) not in (None, getdoc(Event))
    assert [field.name for field in fields_of(event)] == [field.name for field in fields(event)]
    assert all(field.meaning for field in fields_of(event))


def test_type_and_word_tell_all_events_apart() -> None:
    assert len({(event.type, event.word) for event in EVENTS}) == len(EVENTS)
    for event in EVENTS:
        columns = {one.word and one.word[0] for one in EVENTS if one.type == event.type}
        assert len(columns) == 1, "one column tells the events of a type apart"


def test_what_is_none_is_left_out() -> None:
    told = FaultLanded(fault="f", kind="kill", target=None, job="j").to_json()
    assert told == {"type": "fault", "event": "landed", "fault": "f", "kind": "kill", "job": "j"}
    assert json.loads(json.dumps(FinalRead(ok=False).to_json()))["ok"] is False


def test_events_are_values() -> None:
    event = EnqueueInvoked(op="o", job="j")
    assert event == EnqueueInvoked(op="o", job="j")
    with pytest.raises(FrozenInstanceError):
        event.job = "k"  # type: ignore[misc]
    with pytest.raises(TypeError):
        Transition(op="claim", jbo="j")  # type: ignore[call-arg]


def test_a_worker_imports_only_the_events_that_it_writes() -> None:
    """Making all the others takes longer than everything else that a worker imports of the rig."""
    code = "import sys, chaos.targets.behaviour; print('chaos.history.events' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
