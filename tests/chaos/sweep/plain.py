"""The reference as a target whose workers cannot be forked: each is started by its command."""

from __future__ import annotations

from typing import NoReturn

from chaos.targets.rrq_ref.target import RrqRef
from chaos.targets.target import Target, WorkerSpec


class Plain(RrqRef):
    name = "plain"

    def warm(self) -> None:
        Target.warm(self)

    def work(self, spec: WorkerSpec) -> NoReturn:
        Target.work(self, spec)


TARGET = Plain()
