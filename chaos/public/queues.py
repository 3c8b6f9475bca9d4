"""A public queue as a target."""

from __future__ import annotations

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
    """An issue of the queue's own, about something that is found here."""

    #: The part of a comparison that finds it: `killed`, `crash_points`, …
    part: str
    url: str


#: Of each target that was loaded.
_SAID: dict[str, tuple[Said, ...]] = {}
_KNOWN: dict[str, tuple[Known, ...]] = {}


def public(
    file: str,
    *,
    packages: tuple[str, ...],
    worker: str,
    said: tuple[Said, ...],
    known: tuple[Known, ...] = (),
    enqueue: str = "python enqueue.py",
    python: tuple[int, int] | None = (3, 0),
    env: Mapping[str, str] | None = None,
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

    def command(text: str) -> list[str]:
        program, *words = text.split()
        return [environment.program(program), *words]

    return queue(
        name,
        worker=command(worker),
        enqueue=command(enqueue),
        promises={one.guarantee for one in said if one.guarantee},
        env={**environment.variables, **(env or {})},
        cwd=folder,
        prepare=lambda _: environment.make(),
        pinned=packages,
        **more,
    )


def said_by(target: str) -> tuple[Said, ...]:
    """What the public queue of this name says of itself; nothing for any other target."""
    return _SAID.get(target, ())


def known_of(target: str, part: str) -> tuple[str, ...]:
    """The addresses of the public queue's own issues about what this part finds."""
    return tuple(known.url for known in _KNOWN.get(target, ()) if known.part == part)
