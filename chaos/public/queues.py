"""A public queue as a target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.public.environments import Environment
from chaos.targets import Target
from chaos.targets.programs import queue


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A guarantee that a queue gives, in the words of its own pages."""

    guarantee: str
    says: str
    source: str


#: Of each target that was loaded.
_PROMISES: dict[str, tuple[Promise, ...]] = {}


def public(
    file: str,
    *,
    packages: tuple[str, ...],
    worker: str,
    promises: tuple[Promise, ...] = (),
    env: Mapping[str, str] | None = None,
    name: str | None = None,
    **more: Any,
) -> Target:
    """The target of a public queue, whose programs are in the folder of `file`.

    `worker` is the command of a worker, which begins with a program of the queue's environment.
    The environment is made when the target is first used.
    """
    folder = Path(file).parent
    _PROMISES[name or folder.name] = promises
    environment = Environment(folder.name, packages)
    program, *words = worker.split()
    return queue(
        name or folder.name,
        worker=[str(environment.bin / program), *words],
        enqueue=[str(environment.bin / "python"), "enqueue.py"],
        promises={promise.guarantee for promise in promises},
        env=env,
        cwd=folder,
        prepare=lambda _: environment.make(),
        pinned=packages,
        **more,
    )


def promises_of(target: str) -> tuple[Promise, ...]:
    """What the public queue of this name says of itself; nothing for any other target."""
    return _PROMISES.get(target, ())
