"""Plays the programme on subjects, several parts at a time, and goes on where it was stopped.

What a part has shown is a file, `<subject>/<part>.json`. It counts again as long as the bug and the
command of the part are the same.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from chaos.checks import Outcome
from chaos.planted.blind.programme import Part
from chaos.planted.blind.subject import Played, Subject
from chaos.planted.verdicts import left_by
from chaos.processes import ProcessGroup, Run, side_by_side
from chaos.processes.modules import python
from chaos.processes.run import GRACE_S

#: Called with each part that has been played.
Done = Callable[[Subject, Played], None]


def play(
    subjects: Sequence[Subject], seed: int, at_once: int, into: Path, done: Done, *, busy: int = 0
) -> None:
    """Play on each of the subjects what it has left. Directories and results go `into`.

    `busy` processes take processor time from everything meanwhile.
    """
    for subject in subjects:
        _remember(subject, seed, into, done)
    with ProcessGroup(grace_s=GRACE_S) as group:
        for number in range(busy):
            log = into / f"busy-{number}.log"
            group.spawn([sys.executable, "-c", "while True: pass"], log=log, name=f"busy-{number}")
        start = partial(_start, group, seed, into)
        for playing in side_by_side(_starts(subjects, start), at_once, _Playing.over):
            playing.subject.running -= 1
            if playing.dropped:
                continue
            played = playing.judged()
            playing.subject.played.append(played)
            playing.result.write_text(json.dumps(played.to_json(), indent=1))
            done(playing.subject, played)


@dataclass(slots=True, kw_only=True)
class _Playing:
    subject: Subject
    part: Part
    command: str
    run: Run
    dropped: bool = False

    @property
    def result(self) -> Path:
        return self.run.out.with_suffix(".json")

    def over(self) -> bool:
        """True if it has ended; it is made to if it hangs or is no longer wanted."""
        self.dropped = self.run.process.alive and self.subject.over
        return self.run.over(wanted=not self.dropped)

    def judged(self) -> Played:
        left = left_by(self.run.process, self.run.out)
        if left.outcome is Outcome.PASS:
            shutil.rmtree(self.run.out)
        return Played(
            part=self.part.name,
            command=self.command,
            variant=self.subject.variant,
            seconds=round(self.run.seconds, 1),
            outcome=left.outcome,
            found=left.found,
            why="" if left.outcome is Outcome.PASS else left.why,
        )


def _starts(
    subjects: Sequence[Subject], start: Callable[[Subject, Part], _Playing]
) -> Iterator[Callable[[], _Playing]]:
    """The parts to play, each chosen when there is room for it: of the first subject of which
    fewest are played now, because one that is caught needs no others."""
    while waiting := [each for each in subjects if each.parts and not each.over]:
        subject = min(waiting, key=lambda each: each.running)
        yield partial(start, subject, subject.parts.pop(0))


def _start(group: ProcessGroup, seed: int, into: Path, subject: Subject, part: Part) -> _Playing:
    subject.running += 1
    run = Run.start(
        group,
        python(*part.seeded(subject.target, seed)),
        into / subject.name / part.name,
        name=f"{subject.name} in {part.name}",
        limit_s=part.limit_s,
    )
    command = part.command(subject.target, seed)
    return _Playing(subject=subject, part=part, command=command, run=run)


def _remember(subject: Subject, seed: int, into: Path, done: Done) -> None:
    """Take over what was played before."""
    left = []
    for part in subject.parts:
        command = part.command(subject.target, seed)
        played = _result(into / subject.name / f"{part.name}.json")
        if played and (played.command, played.variant) == (command, subject.variant):
            subject.played.append(played)
        else:
            left.append(part)
    subject.parts = left
    if subject.over and subject.played:
        done(subject, subject.played[-1])


def _result(path: Path) -> Played | None:
    with suppress(OSError, ValueError, KeyError, TypeError):
        return Played.from_json(json.loads(path.read_text()))
    return None
