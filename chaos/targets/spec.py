"""The instructions for a worker process, which reach it in its environment."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from chaos.targets.settings import WorkerSettings

#: The folder of `chaos_job.py`.
_ON_PATH = str(Path(__file__).parents[1] / "handlers" / "on_path")


def handlers_on_path(paths: str | None = None) -> dict[str, str]:
    """The variable by which a Python process finds `chaos_job`, and what is on these paths; by
    default on the rig's own."""
    more = os.environ.get("PYTHONPATH", "") if paths is None else paths
    return {"PYTHONPATH": os.pathsep.join(filter(None, [_ON_PATH, more]))}


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
    #: Where its handlers ask what to do, if they do (`chaos.handlers`).
    desk: str = ""

    @property
    def serves(self) -> tuple[str, ...]:
        """The queues that it serves, in its order of priority."""
        return tuple(self.queues) or self.settings.queues

    def environment(self) -> dict[str, str]:
        """The rig's environment, with the variables that tell a worker process all this."""
        return {
            **os.environ,
            **self._path(),
            "CHAOS_URL": self.url,
            "CHAOS_PROCESS": self.name,
            # Absolute: a worker may have a working directory of its own.
            "CHAOS_HISTORY": os.path.abspath(self.history),  # noqa: PTH100 - workers start faster
            "CHAOS_SETTINGS": json.dumps(asdict(self.settings)),
            "CHAOS_BURST": "1" if self.burst else "",
            "CHAOS_QUEUES": json.dumps(self.queues),
            "CHAOS_RIG": self.desk,
        }

    def _path(self) -> dict[str, str]:
        """Lets a handler that asks find the file by which it does."""
        return {**handlers_on_path(), "REDIS_URL": self.url} if self.desk else {}

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
            desk=os.environ.get("CHAOS_RIG", ""),
        )
