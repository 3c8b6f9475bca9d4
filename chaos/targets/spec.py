"""The instructions for a worker process, which reach it in its environment."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass

from chaos.targets.settings import WorkerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSpec:
    """A process to start: its name, the file of its history, the server that it talks to."""

    name: str
    url: str
    history: str
    settings: WorkerSettings
    #: It leaves when no work is left.
    burst: bool = False
    #: The queues that it serves, in its own order of priority; none: all, in that of the settings.
    queues: tuple[str, ...] = ()

    @property
    def serves(self) -> tuple[str, ...]:
        """The queues that it serves, in its order of priority."""
        return tuple(self.queues) or self.settings.queues

    def environment(self) -> dict[str, str]:
        """The rig's environment, with the variables that tell a worker process all this."""
        return {
            **os.environ,
            "CHAOS_URL": self.url,
            "CHAOS_PROCESS": self.name,
            # Absolute: a worker may have a working directory of its own.
            "CHAOS_HISTORY": os.path.abspath(self.history),  # noqa: PTH100 - workers start faster
            "CHAOS_SETTINGS": json.dumps(asdict(self.settings)),
            "CHAOS_BURST": "1" if self.burst else "",
            "CHAOS_QUEUES": json.dumps(self.queues),
        }

    @classmethod
    def from_environment(cls) -> WorkerSpec:
        """The same, read in the worker process."""
        return cls(
            name=os.environ["CHAOS_PROCESS"],
            url=os.environ["CHAOS_URL"],
            history=os.environ["CHAOS_HISTORY"],
            settings=WorkerSettings(**json.loads(os.environ["CHAOS_SETTINGS"])),
            burst=bool(os.environ.get("CHAOS_BURST")),
            queues=tuple(json.loads(os.environ.get("CHAOS_QUEUES", "[]"))),
        )
