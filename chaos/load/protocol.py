"""The lines that the supervisor and the load generator send each other.

The supervisor prints two lines of JSON. `ready` says that jobs may come, and where to put them;
`verdict` comes at the end, and the verdict for people follows it until the end of the output.
Progress and complaints go to stderr. Its input is orders, one a line: `chaos kill` (or another of
`ORDERS`) and `finish`. The end of the input means `finish`.

A producer enqueues through `chaos.rig.enqueue`, with a `Recorder` on `producer-<any>.jsonl`, and
holds the run's `ProducersLock` meanwhile.
"""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from chaos.checks import Outcome
from chaos.faults import FAULTS
from chaos.targets import WorkerSettings

#: Faults of single workers, which are signals; and those of all workers of a fleet, which need the
#: wire proxy.
SIGNALS = (*(kind.name for kind in FAULTS if kind.takes_out), "term")
ON_WIRE = ("partition", "reset", "lost-reply")
#: The orders that say which faults there are to be, without their first word.
ORDERS = ("none", *SIGNALS, *ON_WIRE, "all")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The place for jobs. `server` is the URL without its password; the real one is in `url_file`,
    which only this user may read."""

    server: str
    url_file: Path
    target: str
    history: Path
    lock: Path
    settings: WorkerSettings

    def to_json(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {
            "server": self.server,
            "url_file": str(self.url_file),
            "target": self.target,
            "history": str(self.history),
            "lock": str(self.lock),
            "settings": asdict(self.settings),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The message that `to_json` was called on."""
        return cls(
            server=data["server"],
            url_file=Path(data["url_file"]),
            target=data["target"],
            history=Path(data["history"]),
            lock=Path(data["lock"]),
            settings=WorkerSettings(**data["settings"]),
        )


def say_ready(ready: Ready) -> None:
    """Tell the load generator that jobs may come."""
    _say({"ready": ready.to_json()})


def say_verdict(outcome: Outcome) -> None:
    """Tell the load generator the verdict; the verdict for people follows."""
    _say({"verdict": {"outcome": outcome, "exit_code": outcome.exit_code}})


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def orders(turn_s: float) -> Iterator[str]:
    """Yield each order as it comes, and an empty one when there was none for `turn_s`, until
    `finish` or the end of the input."""
    rest = b""
    while True:
        if not select.select([0], [], [], turn_s)[0]:
            yield ""
            continue
        chunk = os.read(0, 4096)
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip() == b"finish":
                return
            yield line.decode(errors="replace").strip()
        if not chunk:
            return


def faults_of(order: str) -> tuple[str, ...]:
    """The faults that an order wants. Raises ValueError for a line that is no order."""
    word, _, kind = order.partition(" ")
    if word != "chaos" or kind not in ORDERS:
        right = ", ".join(f"chaos {name}" for name in ORDERS)
        raise ValueError(f"{order!r} is no order; give {right} or finish")
    return {"none": (), "all": (*SIGNALS, *ON_WIRE)}.get(kind, (kind,))
