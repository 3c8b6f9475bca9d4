"""Groups and logs for child processes."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.processes import ForkServer, ProcessGroup

from .children import PREPARE


@pytest.fixture
def group() -> Iterator[ProcessGroup]:
    with ProcessGroup(grace_s=5) as group:
        yield group


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "child.log"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ForkServer]:
    """A fork server whose orders are code."""
    with ForkServer(PREPARE, "ready = 1", log=tmp_path / "server.log") as server:
        yield server


@pytest.fixture
def default_signals() -> Iterator[None]:
    """SIGINT may come in ignored, as in a job in the background."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {signum: signal.signal(signum, signal.default_int_handler) for signum in signals}
    yield
    for signum, handler in before.items():
        signal.signal(signum, handler)
