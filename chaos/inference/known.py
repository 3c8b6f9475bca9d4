"""The wire of a target whose handlers ask: pinned, inferred before, or inferred now."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace

from chaos.inference.clean_run import watch
from chaos.inference.moments import MOMENTS, Inferred
from chaos.inference.reader import wire_of
from chaos.inference.steps import Shape
from chaos.rig.options import Options
from chaos.rig.problem import RigProblem
from chaos.rig.progress import Progress
from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.setup import Setup
from chaos.targets import Target, find_target
from chaos.targets.asking import Asking

#: Hands what was inferred on to the processes of a run.
_VARIABLE = "CHAOS_INFERRED"


def _plays_nothing(rig: Rig) -> None:
    """The clean run tells its own story."""
    del rig


CLEAN = Scenario(
    name="clean_run", story=__doc__, guarantees=(), play=_plays_nothing, workers=1, jobs=1
)


def with_wire(setup: Setup, progress: Progress) -> Setup:
    """The same setup, whose target can read its queue's commands. Raises as `watch` does."""
    target = setup.target
    if target.asks is None or target.wire is not None:
        return setup
    inferred = _given(target) or handed_on(target) or _watched(setup.options, progress)
    found = _with(target, target.asks, inferred)
    return replace(setup, target=found, inferred=tuple(inferred.lines()))


def with_what_is_known(target: Target) -> Target:
    """The same target, with what `hand_on` has found."""
    inferred = _given(target) or handed_on(target)
    if target.asks is None or inferred is None:
        return target
    return _with(target, target.asks, inferred)


def _given(target: Target) -> Inferred | None:
    """The moments that the target itself gives. Raises `RigProblem` for one that cannot be."""
    pinned = target.asks.pinned if target.asks is not None else {}
    if unknown := [moment for moment in pinned if moment not in MOMENTS]:
        raise RigProblem(
            f"{target.name} has a command for {unknown[0]!r}, which is no moment: there are"
            f" {', '.join(MOMENTS)}"
        )
    try:
        moments = {m: Shape.parse(pinned[m]) for m in MOMENTS if m in pinned}
    except ValueError as error:
        raise RigProblem(f"the moments of {target.name}: {error}") from None
    again_s = target.again_within_s
    return Inferred(moments, again_s=again_s, retried="retry" in moments) if moments else None


def _with(target: Target, asking: Asking, inferred: Inferred) -> Target:
    wire = wire_of(inferred, asking.names, asking.outcome)
    asking.leaves = inferred.leaves
    asking.retried = inferred.retried
    again_s = target.again_within_s
    return replace(
        target, wire=wire, again_within_s=inferred.again_s if again_s is None else again_s
    )


def hand_on(options: Options, progress: Progress) -> None:
    """Infer once for all runs that this process starts. Raises as `watch` does."""
    variables, _ = inferred_for(options, progress)
    os.environ.update(variables)


def inferred_for(options: Options, progress: Progress) -> tuple[dict[str, str], tuple[str, ...]]:
    """Infer once for several runs: the variables that hand on to their processes what was found,
    and the same in sentences. Both are empty where nothing has to be inferred. Raises as `watch`
    does."""
    target = find_target(options.target)
    if target.asks is None or target.wire is not None or _given(target) or handed_on(target):
        return {}, ()
    inferred = _watched(options, progress)
    told = {
        "target": target.name,
        "moments": {moment: _words(shape) for moment, shape in inferred.moments.items()},
        "reasons": [*inferred.reasons],
        "replies": {moment: sorted(replies) for moment, replies in inferred.replies.items()},
        "again_s": inferred.again_s,
        "retried": inferred.retried,
        "never_again": inferred.never_again,
        "leaves": {state: sorted(left) for state, left in inferred.leaves.items()},
    }
    return {_VARIABLE: json.dumps(told)}, tuple(inferred.lines())


def handed_on(target: Target) -> Inferred | None:
    """What the process that started this one has inferred of this target."""
    told = json.loads(os.environ.get(_VARIABLE, "{}"))
    if told.get("target") != target.name:
        return None
    return Inferred(
        {
            moment: _shape(told["moments"][moment])
            for moment in MOMENTS
            if moment in told["moments"]
        },
        told["reasons"],
        told["replies"],
        {state: frozenset(left) for state, left in told["leaves"].items()},
        told["again_s"],
        told["retried"],
        told["never_again"],
    )


def _watched(options: Options, progress: Progress) -> Inferred:
    clean = CLEAN.setup(Options(target=options.target, redis=options.redis, seed=options.seed))
    directory = clean.options.run_directory(CLEAN.name)
    clean = replace(clean, options=replace(clean.options, out=directory / "run"))
    with progress.of("a clean run"):
        inferred = watch(clean, progress)
        for line in inferred.lines():
            progress.say(line)
    shutil.rmtree(directory)
    return inferred


def _words(shape: Shape) -> list[str]:
    return [shape.name.decode("latin-1"), shape.key.decode("latin-1"), str(shape.executed or "")]


def _shape(words: list[str]) -> Shape:
    name, key, executed = words
    return Shape(name.encode("latin-1"), key.encode("latin-1"), bool(executed))
