"""Any history is judged, however damaged: no exception is raised, and damage is never green."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaos.checks import Outcome, judge
from chaos.evidence import Evidence
from chaos.history.schema import COLUMNS, REQUIRED, WORDS
from tests.chaos.checks.goldens import Golden, goldens_of
from tests.chaos.checks.story import Event, Story

pytestmark = pytest.mark.slow

GOLDENS = [golden for a in ("overlap", "abandoned", "unique-violated") for golden in goldens_of(a)]

_texts = ["", "j1", "w1", "worker-1", "a.b", "ok", "%s{}", "'", "\x00", "\udc80", "é" * 3]
_numbers = [0, 1, -1, 2**31, 2**61, 2**63 - 1, 2**63, -(2**63), 1.5, 1e308]
strange = st.sampled_from([None, True, False, [], {}, [1], {"t": 1}, *_texts, *_numbers])
words = st.sampled_from(sorted({word for words in WORDS.values() for word in words}))
fitting: dict[str, st.SearchStrategy[Any]] = {
    "BIGINT": st.sampled_from([-1, 0, 1, 2, 2**61]),
    "VARCHAR": words | st.sampled_from(_texts),
    "BOOLEAN": st.booleans(),
}
invented = st.fixed_dictionaries(
    {
        "t": st.integers(0, 2**61),
        "process": st.sampled_from(["rig", "worker-1", "x"]),
        "pid": st.integers(0, 200),
        "type": st.sampled_from(sorted(REQUIRED)),
    },
    optional={name: fitting[kind] for name, kind in list(COLUMNS.items())[4:]},
)
place = st.integers(0, 10_000)
garblings = st.lists(
    st.one_of(
        st.tuples(st.just("drop"), place),
        st.tuples(st.just("repeat"), place),
        st.tuples(st.just("swap"), place, place),
        st.tuples(st.just("change"), place, st.sampled_from(sorted(COLUMNS)), strange | words),
        st.tuples(st.just("cut"), place, st.integers(0, 60)),
        st.tuples(st.just("insert"), place, invented),
    ),
    min_size=1,
    max_size=12,
)
Garbling = tuple[Any, ...]


def garble(events: list[Event], how: list[Garbling]) -> list[str]:
    """The lines of a history after all of this damage."""
    lines = [json.dumps(event) for event in events]
    for kind, at, *more in how:
        at %= len(lines) or 1
        if kind == "insert":
            lines.insert(at, json.dumps(more[0]))
        elif not lines:
            continue
        elif kind == "drop":
            del lines[at]
        elif kind == "repeat":
            lines.insert(at, lines[at])
        elif kind == "swap":
            other = more[0] % len(lines)
            lines[at], lines[other] = lines[other], lines[at]
        elif kind == "cut":
            lines[at] = lines[at][: more[0]]
        elif lines[at].endswith("}"):
            lines[at] = json.dumps({**json.loads(lines[at]), more[0]: more[1]})
    return lines


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    golden=st.sampled_from(GOLDENS),
    how=garblings,
    timing=st.dictionaries(st.sampled_from(["lock_ttl_ms", "grace_ms"]), strange, max_size=2),
)
def test_a_garbled_history_is_judged(
    golden: Golden, how: list[Garbling], timing: dict[str, Any]
) -> None:
    story = Story()
    golden.tell(story)
    story.run["timing"].update(timing)
    with tempfile.TemporaryDirectory() as directory:
        run_dir = story.write(Path(directory))
        for path in (run_dir / "history").iterdir():
            path.unlink()
        lines = garble(story.events, how)
        (run_dir / "history" / "all.jsonl").write_text("".join(f"{line}\n" for line in lines))
        verdict = judge(run_dir)
    assert [check.error for check in verdict.checks if check.error] == []
    json.dumps(verdict.to_json())
    if any(not line.endswith("}") for line in lines if line):
        assert verdict.outcome is not Outcome.PASS


@pytest.mark.parametrize("field", ["name", "lines"])
def test_a_note_of_a_file_that_lacks_a_field_is_told_of(tmp_path: Path, field: str) -> None:
    note = {"n": 1, "t": 1, "process": "rig", "pid": 1, "type": "file", "name": "rig", "lines": 1}
    del note[field]
    (tmp_path / "run.json").write_text(json.dumps(Story().run))
    (tmp_path / "history").mkdir()
    (tmp_path / "history" / "rig.jsonl").write_text(f"{json.dumps(note)}\n")

    verdict = judge(tmp_path)

    assert any(f"of type file without {field}" in why for why in verdict.unknown_because)


# ---------------------------------------------------------------- what makes a verdict unknown


def good() -> Story:
    story = Story()
    story.enqueue("j1")
    story.attempt("j1", at=10, until=20)
    story.finally_("j1", "completed")
    return story


def torn(run_dir: Path, name: str, *, last: bool) -> None:
    path = run_dir / "history" / f"{name}.jsonl"
    first, *lines = path.read_text().splitlines()
    cut = '{"t":1,"proc'
    path.write_text("\n".join([first, *lines, cut] if last else [first, cut, *lines]))


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("killed", [True, False])
def test_only_the_last_line_of_a_killed_process_may_be_torn(
    tmp_path: Path, last: bool, killed: bool
) -> None:
    story = good()
    story.start("j1", "w1", at=30)
    if killed:
        story.kill("w1", at=40)
    run_dir = story.write(tmp_path)
    torn(run_dir, "worker-1", last=last)
    verdict = judge(run_dir)
    wanted = Outcome.PASS if last and killed else Outcome.UNKNOWN
    assert verdict.outcome is wanted, verdict.unknown_because


def nothing_enqueued(s: Story) -> None:
    s.forget("enqueue", job="j1", phase="ok")


def nothing_started(s: Story) -> None:
    s.forget("start", job="j1")


def fault_did_not_land(s: Story) -> None:
    s.event("fault", at=5, event="planned", fault="f9", kind="kill", phase="claim", target="w")
    s.fault("kill", "w2", at=5, phase="finish")


def fault_taken_back(s: Story) -> None:
    about: dict[str, Any] = {"fault": "f9", "kind": "kill", "target": "w"}
    s.event("fault", at=5, event="planned", **about)
    s.event("fault", at=6, event="cancelled", **about)


def fault_missed(s: Story) -> None:
    about: dict[str, Any] = {"fault": "f9", "kind": "kill", "target": "w"}
    s.event("fault", at=5, event="missed", error="never seen", **about)


def final_unread(s: Story) -> None:
    s.forget("final", what="read")


def final_failed(s: Story) -> None:
    s.forget("final", what="read")
    s.event("final", at=50, what="read", ok=False, error="no server")


def final_incomplete(s: Story) -> None:
    s.enqueue("j2")


def rig_broke(s: Story) -> None:
    s.event("rig", at=50, event="broken", error="no port")


def rig_did_not_finish(s: Story) -> None:
    s.forget("rig", event="finished")


def no_timing(s: Story) -> None:
    del s.run["timing"]["lock_ttl_ms"]


def strange_timing(s: Story) -> None:
    s.run["timing"]["clock_slack_ms"] = "5"


def no_promises(s: Story) -> None:
    del s.run["promises"]


def strange_promise(s: Story) -> None:
    s.run["promises"].append("world peace")


def no_offers(s: Story) -> None:
    s.run["offers"] = "everything"
    s.forget("final", what="read")


def strange_offer(s: Story) -> None:
    s.run["offers"] = [*Evidence, "a good heart"]


def not_put_to_the_test(s: Story) -> None:
    s.run["about"] = ["no-loss", "burst"]


def no_run(s: Story) -> None:
    s.run = {}


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (nothing_enqueued, "no enqueue was acknowledged"),
        (nothing_started, "no job was ever started"),
        (
            fault_did_not_land,
            "planned faults did not land: f9 (kill of w at claim). Faults that landed: finish (1)",
        ),
        (
            fault_missed,
            "planned faults did not land: f9 (kill of w): never seen. "
            "Faults that landed: none at all",
        ),
        (final_unread, "the final state was not read"),
        (final_failed, "the final state could not be read: no server"),
        (final_incomplete, "the final state leaves out 1 acknowledged jobs"),
        (rig_broke, "the rig itself failed: no port"),
        (rig_did_not_finish, "the rig never finished the run"),
        (no_timing, "run.json lacks a usable timing of lock_ttl_ms"),
        (strange_timing, "run.json lacks a usable timing of clock_slack_ms"),
        (no_promises, "run.json does not say which guarantees are promised"),
        (strange_promise, "run.json promises unknown guarantees: world peace"),
        (no_offers, "run.json does not say what evidence its target offers"),
        (strange_offer, "run.json offers unknown evidence: a good heart"),
        (not_put_to_the_test, "the run is about burst, and had no case of it"),
        (no_run, "run.json is not a JSON object, or says nothing"),
    ],
)
def test_missing_evidence_makes_the_verdict_unknown(
    spoil: Callable[[Story], None], reason: str, tmp_path: Path
) -> None:
    story = good()
    spoil(story)
    verdict = judge(story.write(tmp_path))
    assert (verdict.outcome, verdict.unknown_because) == (Outcome.UNKNOWN, (reason,))


def test_a_fault_that_the_rig_took_back_is_not_missing(tmp_path: Path) -> None:
    story = good()
    fault_taken_back(story)
    verdict = judge(story.write(tmp_path))
    assert verdict.outcome is Outcome.PASS
    assert sum(fault.planned for fault in verdict.faults) == 0


def test_a_broken_promise_is_a_failure_even_if_evidence_is_missing(tmp_path: Path) -> None:
    story = good()
    story.start("ghost", "w1", at=30)
    rig_broke(story)
    verdict = judge(story.write(tmp_path))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.unknown_because


def test_what_was_not_promised_is_shown_and_does_not_fail(tmp_path: Path) -> None:
    story = good()
    story.start("ghost", "w1", at=30)
    story.run["promises"].remove("no-phantom")
    verdict = judge(story.write(tmp_path))
    assert verdict.outcome is Outcome.PASS
    assert [check.anomaly for check in verdict.broken] == ["phantom"]


def test_a_check_that_fails_itself_makes_the_verdict_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The package's attribute of this name is the function.
    module = import_module("chaos.checks.judge")
    broken = {"lost": "SELECT nonsense"}
    whole = module.sql_of
    monkeypatch.setattr(module, "sql_of", lambda name: broken.get(name) or whole(name))
    verdict = judge(good().write(tmp_path))
    assert verdict.outcome is Outcome.UNKNOWN
    assert "the check lost failed itself" in verdict.unknown_because[0]
