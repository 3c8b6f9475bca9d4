"""The machine and the versions behind the figures."""

from __future__ import annotations

import importlib.metadata
import os
import platform


def about(server: str, seed: int) -> dict[str, str | int | float]:
    """Versions, CPUs, their load before the run, and the seed: shown beside every figure."""
    packages = {name: _version(name) for name in ("redis", "hiredis", "uvloop")}
    return {
        "cpus": os.cpu_count() or 0,
        "load": round(os.getloadavg()[0], 1),
        "machine": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "server": server,
        **packages,
        "seed": seed,
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
