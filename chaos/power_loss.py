"""The power fails, once after every command that a busy server has made durable.

A run of jobs of all kinds is recorded on a server with an append-only file. Then that file is cut
after every single command in it, even inside transactions. A server is started on the rest, and a
fresh worker drains it. Everything that had been acknowledged by then must be there and end as it
should: every durable state is a recoverable state.

With `--durability always` the server makes each change durable before it answers. With `everysec`
it answers up to a second before, and the verdict has to find and count the losses: jobs that were
acknowledged within the second before the power failed.
"""

from __future__ import annotations

import time
from typing import Any

import redis

from chaos.rewind.combined import combine
from chaos.rewind.recording import Recording
from chaos.rewind.recovery import Recovery
from chaos.rewind.rewinding import complete, rewind
from chaos.rig.problem import RigProblem
from chaos.rig.rig import Rig
from chaos.rig.scenario import Parameter, Scenario
from chaos.rig.setup import durable_as_asked
from chaos.servers.aof import AppendOnlyFile
from chaos.servers.binary import BinaryServer
from chaos.targets import Job

#: Enqueued at once, and the pause until the next: so that workers and producer are busy together.
_BATCH = 3
_PAUSE_S = 0.04


def play(rig: Rig) -> None:
    if not isinstance(rig.server, BinaryServer):
        raise RigProblem("power_loss reads the server's files; use embedded or local")
    source = AppendOnlyFile(rig.server.directory)
    rig.wire.stamp = lambda: {"aof": source.size(), "aof_t": time.monotonic_ns()}
    if rig.setup.server.durability == "everysec":
        _write_at_once(rig.server.url)
    _record(rig)
    delay_s = {"always": 0.0, "everysec": 1.0}[rig.setup.server.durability]
    recording = Recording(rig.directory / "history", source, delay_s=delay_s)
    prefixes = recording.prefixes()
    rewound = rig.directory / "prefixes"
    recovery = Recovery(
        target=rig.setup.options.target,
        settings=rig.setup.settings,
        binary=str(rig.server.binary),
        source=str(rig.server.directory),
    )
    rate = rewind(prefixes, recovery, rewound, rig.progress)
    recovered = complete(prefixes, rewound)
    combine(recording, recovered, rewound, rig.directory / "history" / "prefixes.jsonl")
    inside = sum(prefix.size != prefix.whole for prefix in recovered)
    rig.progress.keep(
        f"{len(recovered)} of {len(prefixes)} prefixes recovered, {inside} of them cut inside a"
        f" transaction; {rate:.1f} prefixes/s"
    )
    if len(recovered) < len(prefixes):
        raise RigProblem(f"only {len(recovered)} of {len(prefixes)} prefixes were recovered")


def _write_at_once(url: str) -> None:
    """Let nothing be answered that is not in the file. Under `everysec` a server puts writing to it
    off while a sync is under way. When it would have synced is accounted for afterwards."""
    with redis.Redis.from_url(url) as client:
        client.config_set("appendfsync", "no")


def _record(rig: Rig) -> None:
    """A busy run, until everything is done and everybody has left."""
    rig.workers.start_all()
    listener = rig.wire.listener("producer")
    jobs = [_job(rig, number) for number in range(rig.setup.jobs)]
    for start in range(0, len(jobs), _BATCH):
        rig.enqueue(jobs[start : start + _BATCH], through=listener)
        rig.let_work(_PAUSE_S)
    rig.settle()


def _job(rig: Rig, number: int) -> Job:
    """Each kind in turn."""
    kinds: list[dict[str, Any]] = [
        {"plan": {"do": "ok", "ms": rig.random.randint(1, 30)}},
        {"plan": {"do": "fail", "times": 1}},
        {"plan": {"do": "fail", "times": 9}, "max_retries": 2},
        {"plan": {"do": "ok", "ms": 5}, "unique": f"key-{number}"},
        {"plan": {"do": "ok", "ms": 20}, "effects": 2},
        {"plan": {"do": "ok"}, "delay_ms": rig.random.randint(50, 150)},
        {"plan": {"do": "unserialisable"}, "doomed": True},
        {"plan": {"do": "ok", "ms": rig.random.randint(30, 90)}},
    ]
    return rig.job(**kinds[number % len(kinds)])


SCENARIO = Scenario(
    name="power_loss",
    story=__doc__,
    guarantees=("no-loss", "effects-once", "retry-once", "quiescent"),
    play=play,
    workers=2,
    jobs=12,
    prepare=durable_as_asked,
    owns_server=True,
    parameters=(
        Parameter(
            name="durability",
            help="When the server makes writes durable.",
            default="always",
            choices=("always", "everysec"),
        ),
    ),
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
