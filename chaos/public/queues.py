"""A public queue as a target."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.public.environments import Environment, NpmEnvironment
from chaos.targets import Target
from chaos.targets.programs import queue


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a queue says of itself, in the words of its own pages."""

    says: str
    source: str
    #: The guarantee that this gives; None: none that is judged here.
    guarantee: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known about something that is found here: an issue of the queue's own, what its
    source does, or both."""

    #: The parts of a comparison that find it, with blanks between: `killed`, `crash_points`, …
    parts: str
    #: In a sentence.
    why: str = ""
    url: str = ""

    def __str__(self) -> str:
        return f"{self.why} ({self.url})" if self.why and self.url else self.why or self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Settings of a queue that are other than its own here, so that no run waits for long.

    Its programs find them in the variable `TIMES`, as JSON, or as options where `{times}` stands in
    the command of a worker. Without any, the queue has its own.
    """

    #: By the names that the queue has for them.
    here: Mapping[str, float]
    #: What they are if nobody sets them.
    default: Mapping[str, float]
    #: What follows from them.
    because: str
    #: If nobody sets them, a dead worker's job is started again within so many seconds; None: it
    #: never is, or not for what these are about.
    again_within_s: float | None = None

    def __str__(self) -> str:
        shown = (
            f"{name}={its:g} (by default {self.default[name]:g})" for name, its in self.here.items()
        )
        return f"{', '.join(shown)}: {self.because}"


#: Of each target that was loaded.
_SAID: dict[str, tuple[Said, ...]] = {}
_KNOWN: dict[str, tuple[Known, ...]] = {}
_TIMES: dict[str, Times] = {}


def public(
    file: str,
    *,
    packages: tuple[str, ...],
    worker: str,
    said: tuple[Said, ...],
    known: tuple[Known, ...] = (),
    times: Times | None = None,
    enqueue: str = "python enqueue.py",
    python: tuple[int, int] | None = (3, 0),
    name: str | None = None,
    **more: Any,
) -> Target:
    """The target of a public queue, whose programs are in the folder of `file`, and
    which is called after it unless it has a `name`.

    `worker` is the command of a worker, which begins with a program of the queue's environment, and
    so is `enqueue`. The environment is made when the target is first used, for this Python or a
    later one; with None, its packages are those of npm.
    """
    folder = Path(file).parent
    name = name or folder.name
    _SAID[name] = said
    _KNOWN[name] = known
    environment = Environment(name, packages, python) if python else NpmEnvironment(name, packages)

    def command(text: str, options: str = "") -> list[str]:
        program, *words = text.replace("{times}", options).split()
        return [environment.program(program), *words]

    def with_times(here: Mapping[str, float], **its: Any) -> Target:
        options = " ".join(f"--{option} {value:g}" for option, value in here.items())
        return queue(
            name,
            worker=command(worker, options),
            enqueue=command(enqueue),
            promises={one.guarantee for one in said if one.guarantee},
            env={**environment.variables, "TIMES": json.dumps(dict(here))},
            cwd=folder,
            prepare=lambda _: environment.make(),
            pinned=packages,
            **{**more, **its},
        )

    if times is None:
        return with_times({})
    _TIMES[name] = times
    own = times.again_within_s and with_times({}, again_within_s=times.again_within_s)
    return with_times(times.here, by_default=own or None)


def times_of(target: str) -> Times | None:
    """What the public queue of this name has been set to, beside its own defaults."""
    return _TIMES.get(target)


def said_by(target: str) -> tuple[Said, ...]:
    """What the public queue of this name says of itself; nothing for any other target."""
    return _SAID.get(target, ())


def known_of(target: str, part: str) -> tuple[Known, ...]:
    """What is known of the public queue about what this part finds."""
    return tuple(known for known in _KNOWN.get(target, ()) if part in known.parts.split())
