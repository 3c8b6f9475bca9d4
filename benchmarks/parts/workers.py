"""Worker processes of the reference queue or its floor, idle when they are handed over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks.parts import gauges
from benchmarks.parts.stand import Stand
from benchmarks.parts.waiting import wait_until
from benchmarks.reference import queue
from chaos.processes import Process, ProcessGroup


@contextmanager
def idle_workers(
    stand: Stand, argv: Sequence[str], name: str, *, processes: int = 1, fleet: int = 1
) -> Iterator[Sequence[Process]]:
    """Start so many processes of this command, each with `fleet` workers; all of them wait in a
    blocking command when the block begins. They are told to leave when it ends, and their
    connections are closed then: a connection's buffers are no memory that a job keeps."""
    with ProcessGroup(grace_s=10) as group:
        started = [
            group.spawn(
                argv,
                log=stand.directory / f"{name}-{n}.log",
                env=queue.environment(stand.server.url),
                name=f"{name}-{n}",
            )
            for n in range(1, processes + 1)
        ]
        count = processes * fleet
        wait_until(lambda: gauges.clients(stand.admin)[1] >= count, "idle workers", started)
        yield started
    wait_until(lambda: gauges.clients(stand.admin)[0] <= 1, "the workers' connections to close")
