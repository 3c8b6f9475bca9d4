"""What several runs have met together of the space of jobs, and of the places of faults."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from chaos.checks import Verdict
from chaos.jobs.space import Coverage, read
from chaos.rig.storm import places


def points_of(run: Path) -> frozenset[str]:
    """The points of the space that the jobs of a run were drawn at, as its history tells them."""
    return frozenset(_points(run))


def _points(run: Path) -> Iterator[str]:
    for path in (run / "history").glob("producer*.jsonl"):
        for line in path.read_bytes().splitlines():
            if b'"point"' not in line:
                continue
            try:
                yield json.loads(line)["point"]
            except (ValueError, KeyError, TypeError):
                continue  # a line that was cut


def met_by_jobs(points: Iterable[str]) -> str | None:
    """How much of the space of jobs these points have met; None where there are none."""
    coverage = Coverage()
    coverage.add(map(read, points))
    if not coverage.met:
        return None
    return f"{coverage}, {len(coverage.left):,} left"


def met_by_faults(verdicts: Iterable[Verdict]) -> str | None:
    """How many of a storm's places its faults have landed at; None where they did at none."""
    landed = {
        (count.kind, count.phase)
        for verdict in verdicts
        for count in verdict.faults
        if count.landed
    }
    wanted = {(kind, f"{moment}/{side}") for kind, moment, side in places()}
    if not landed & wanted:
        return None
    met = f"{len(landed & wanted)} of {len(wanted)} kinds of faults at places on the wire"
    return f"{met}, {len(wanted - landed)} left"
