"""A variant is the reference with a fragment replaced, or nothing at all."""

from __future__ import annotations

import subprocess
import sys

import pytest
from redis import Redis

from chaos.guarantees import ANOMALIES
from chaos.planted.bugs import ABLATIONS, BUGS, PARTS, UnknownBug, edits_of
from chaos.planted.edit import Edit, Misfit, edited, plant
from tests.chaos.rig.running import run

VARIANTS = [*BUGS, *(name for one in ABLATIONS for name in (*one.removed, "+".join(one.removed)))]
SHOW = """
import sys
from chaos.planted.edit import Edit, plant
edits = [
    Edit("lua/_wake.lua", "function wake(hints,", "function wake(nobody,"),
    Edit("keys.py", '"rrq:job:{}"', '"planted:{}"'),
]
plant(edits)
plant(edits)  # again is nothing
from rrq_ref import keys, scripts
print(keys.JOB, "wake(nobody, count)" in scripts.ENQUEUE.text, "wake(hints)" in scripts.RETRY.text)
"""


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_fits_the_reference_and_is_well_formed(name: str, admin: Redis) -> None:
    for file, text in edited(edits_of(name)).items():
        if file.endswith(".py"):
            compile(text, file, "exec")
        else:
            admin.script_load(text)


def test_no_two_bugs_are_the_same() -> None:
    variants = [repr(sorted(edited(bug.edits).items())) for bug in BUGS.values()]

    assert len(set(variants)) == len(BUGS)
    assert len({bug.name for part in PARTS for bug in part.BUGS}) == sum(
        len(part.BUGS) for part in PARTS
    )
    assert len({bug.sentence for bug in BUGS.values()}) == len(BUGS)


def test_most_bugs_are_left_to_the_default_programme() -> None:
    unaimed = [bug for bug in BUGS.values() if bug.scenario is None]

    assert len(unaimed) >= 60
    assert {edit.file for bug in unaimed for edit in bug.edits} > {
        *("attempt.py", "client.py", "job.py", "settler.py", "store.py", "worker.py"),
        *("lua/enqueue.lua", "lua/finish.lua", "lua/lock_and_pop.lua", "lua/requeue_dlq.lua"),
    }
    assert all(bug.anomaly in ANOMALIES for bug in BUGS.values())


@pytest.mark.parametrize(("old", "times"), [("no such fragment", 0), ("wake(hints, count)", 2)])
def test_a_fragment_that_is_not_found_once_is_an_error(old: str, times: int) -> None:
    with pytest.raises(Misfit, match=f"found {times} times in lua/_wake.lua, not once"):
        edited([Edit("lua/_wake.lua", old, "")])


def test_later_edits_see_what_earlier_ones_did() -> None:
    edits = [Edit("lua/_wake.lua", "function wake(hints", "function nudge(hints")] * 2

    with pytest.raises(Misfit, match="found 0 times"):
        edited(edits)


def test_the_reference_is_edited_while_it_is_imported() -> None:
    done = subprocess.run([sys.executable, "-c", SHOW], capture_output=True, text=True)

    assert done.stdout.split() == ["planted:", "True", "True"], done.stderr


def test_a_process_that_knows_the_reference_cannot_have_a_variant() -> None:
    assert "rrq_ref" in sys.modules

    with pytest.raises(Misfit, match="imported already"):
        plant(BUGS["pop_without_lock"].edits)


def test_an_unknown_bug_is_one_sentence() -> None:
    with pytest.raises(UnknownBug, match="no bug is named 'nope'"):
        edits_of("pop_without_lock+nope")

    done = run("chaos.kill_during_claim", "--target", "chaos.planted.target:nope")
    assert done.returncode == 2
    assert "no bug is named 'nope'; give " in done.stderr
    assert "Traceback" not in done.stderr
