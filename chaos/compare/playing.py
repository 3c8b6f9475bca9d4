"""Asks each queue everything, several runs at a time, and goes on where it was stopped.

What a run has shown is a file, `<target>/<part>.json`. It counts again as long as its command is
the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from chaos.compare.programme import Part, in_turn
from chaos.errors import ChaosError
from chaos.inference.known import inferred_for
from chaos.processes import ProcessGroup, Run, side_by_side
from chaos.processes.modules import python
from chaos.processes.run import GRACE_S
from chaos.questions.question import Answer
from chaos.rig.options import Options
from chaos.rig.progress import Progress
from chaos.targets import find_target


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One part that was asked of one target."""

    part: str
    command: str
    answer: Answer
    seconds: float

    def to_json(self) -> dict[str, Any]:
        told = {"part": self.part, "command": self.command, "seconds": round(self.seconds, 1)}
        return {**told, "answer": self.answer.to_json()}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Asked:
        """Raises KeyError or TypeError for what is none."""
        return cls(
            part=told["part"],
            command=told["command"],
            answer=Answer.from_json(told["answer"]),
            seconds=told["seconds"],
        )


@dataclass(slots=True, kw_only=True)
class Subject:
    """A target, and what is known of it so far."""

    target: str
    asked: dict[str, Asked] = field(default_factory=dict)
    #: Variables that hand on what was inferred of it.
    variables: dict[str, str] = field(default_factory=dict)
    #: Which of its commands make which transition, in sentences.
    inferred: tuple[str, ...] = ()
    #: Why it cannot be asked anything; empty where it can.
    reason: str = ""


def ask(
    subjects: Sequence[Subject],
    parts: Sequence[Part],
    seed: int,
    at_once: int,
    into: Path,
    progress: Progress,
) -> None:
    """Ask what is not known yet. Directories and results go `into`."""
    with ProcessGroup(grace_s=GRACE_S) as group:
        starts = _starts(subjects, parts, seed, into, group, progress)
        for asking in side_by_side(starts, at_once, _Asking.over, _Asking.takes):
            asked = asking.asked()
            asking.subject.asked[asked.part] = asked
            asking.run.out.with_suffix(".json").write_text(json.dumps(asked.to_json(), indent=1))
            name = f"{asking.subject.target}, {asked.part}"
            progress.say(f"{name}: {asked.answer.words} ({asked.seconds:.0f} s)")


@dataclass(slots=True, kw_only=True)
class _Asking:
    subject: Subject
    part: Part
    command: str
    run: Run

    def over(self) -> bool:
        return self.run.over()

    def takes(self) -> int:
        """The places that it takes, of those that there are."""
        return self.part.takes

    def asked(self) -> Asked:
        return Asked(
            part=self.part.name,
            command=self.command,
            answer=self._answer(),
            seconds=self.run.seconds,
        )

    def _answer(self) -> Answer:
        if self.run.too_long:
            return Answer(words=f"no end within {self.part.limit_s:.0f} s", tone="unknown")
        try:
            return self.part.read(self.run.out)
        except (OSError, ValueError, KeyError, TypeError):
            said = self.run.process.log.read_text(errors="replace").strip().splitlines()
            return Answer(words=said[-1] if said else "no answer", tone="unknown")


def _starts(
    subjects: Sequence[Subject],
    parts: Sequence[Part],
    seed: int,
    into: Path,
    group: ProcessGroup,
    progress: Progress,
) -> Iterator[Callable[[], _Asking]]:
    """The runs that are left, each target's after it has been made ready."""
    for subject in subjects:
        target = find_target(subject.target)
        asked = [part for part in in_turn(parts) if part.asked_of(target)]
        left = [part for part in asked if not _known(subject, part, seed, into)]
        if left and _ready(subject, into, progress):
            for part in left:
                yield partial(_start, subject, part, seed, into, group)


def _known(subject: Subject, part: Part, seed: int, into: Path) -> bool:
    """Take over what was found before."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        path = into / subject.target / f"{part.name}.json"
        before = Asked.from_json(json.loads(path.read_text()))
        if before.command == part.command(subject.target, seed):
            subject.asked[part.name] = before
            # In the words of today, if its run is still there.
            read = part.read(into / subject.target / part.name)
            subject.asked[part.name] = replace(before, answer=read)
    return part.name in subject.asked


def _ready(subject: Subject, into: Path, progress: Progress) -> bool:
    """Install the target if need be, and infer its moments. False where that cannot be."""
    try:
        target = find_target(subject.target)
        if target.prepare is not None and target.asks is not None:
            progress.say(f"{subject.target}: its environment")
            target.prepare("")
        inferred = inferred_for(Options(target=subject.target), progress)
    except ChaosError as error:
        subject.reason = str(error)
        progress.say(f"{subject.target}: {error}")
        return False
    subject.variables, subject.inferred = inferred
    (into / subject.target).mkdir(parents=True, exist_ok=True)
    return True


def _start(subject: Subject, part: Part, seed: int, into: Path, group: ProcessGroup) -> _Asking:
    run = Run.start(
        group,
        python(*part.given(subject.target, seed)),
        into / subject.target / part.name,
        name=f"{subject.target}, {part.name}",
        limit_s=part.limit_s,
        env=subject.variables,
    )
    command = part.command(subject.target, seed)
    return _Asking(subject=subject, part=part, command=command, run=run)
