"""Servers in containers. Most of it needs a container engine."""

import gc
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
import redis

from chaos.servers import ServerProblem, open_server
from chaos.servers.config import as_arguments
from chaos.servers.container import LABEL, ContainerServer

# docker-py leaves a socket to the garbage collector when nobody answers.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(autouse=True)
def garbage_is_collected() -> Iterator[None]:
    """So that docker-py's socket is not found in somebody else's test."""
    yield
    gc.collect()


def engine_answers() -> bool:
    docker = import_module("docker")
    try:
        client = docker.from_env(timeout=5)
        client.ping()
        client.close()
    except docker.errors.DockerException:
        return False
    return True


@pytest.fixture
def engine() -> None:
    """A container engine, or the test is skipped."""
    if not engine_answers():
        pytest.skip("no container engine answers on this machine")


@pytest.mark.slow
@pytest.mark.usefixtures("engine")
def test_a_container_is_killed_restarted_paused_and_removed(tmp_path: Path) -> None:
    config = {"requirepass": "s3cret"}
    with open_server("container", tmp_path, durability="always", config=config) as server:
        assert isinstance(server, ContainerServer)
        assert server.pid is None
        assert server.version.startswith("valkey 9.")
        url = server.url
        with server.client() as client:
            client.set("key", "value")

        server.kill()
        with pytest.raises(ServerProblem, match="does not run"):
            server.pause()
        server.restart()

        assert server.url == url
        with server.client(timeout_s=0.5) as client:
            assert client.get("key") == b"value"
            server.pause()
            with pytest.raises(redis.TimeoutError):
                client.ping()
            server.resume()
        server.wait_ready()
        server.stop()
        label = f"{LABEL}={server._id}"
    assert server.log.read_text()
    docker = import_module("docker").from_env()
    assert docker.containers.list(all=True, filters={"label": label}) == []
    docker.close()


@pytest.mark.slow
@pytest.mark.usefixtures("engine")
def test_an_image_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(ServerProblem, match="localhost/rrq-chaos-no-such-image"),
        open_server("container:localhost/rrq-chaos-no-such-image:1", tmp_path),
    ):
        pass


def test_a_missing_engine_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    with (
        pytest.raises(ServerProblem, match="no container engine answers"),
        open_server("container", tmp_path),
    ):
        pass


def test_a_missing_package_names_the_extra_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "testcontainers.core.container", None)
    with (
        pytest.raises(ServerProblem, match=r"pip install 'rrq-chaos\[containers\]'"),
        open_server("container:redis:7", tmp_path),
    ):
        pass


def test_settings_become_arguments() -> None:
    arguments = as_arguments({"save": '""', "client-output-buffer-limit": "pubsub 1mb 1mb 60"})
    assert arguments == [
        *("--save", ""),
        *("--client-output-buffer-limit", "pubsub", "1mb", "1mb", "60"),
    ]
