"""Servers in containers. Most of it needs a container engine."""

import gc
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import redis

from chaos.servers import ServerProblem, open_server
from chaos.servers.config import as_arguments
from chaos.servers.container import LABEL, ContainerServer
from chaos.servers.embedded import embedded_binary
from tests.chaos.servers.images import import_image
from tests.releases import redis_62

# docker-py leaves a socket to the garbage collector when nobody answers.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(scope="module", autouse=True)
def garbage_is_collected() -> Iterator[None]:
    """Collect garbage, so that docker-py's socket is not found in another test.

    Of the module, so that it is there before `engine`, which leaves one when it skips.
    """
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


@pytest.fixture(scope="module")
def engine() -> Iterator[Any]:
    """A client of the container engine, or the test is skipped."""
    if not engine_answers():
        pytest.skip("no container engine answers on this machine")
    client = import_module("docker").from_env()
    yield client
    client.close()


@pytest.fixture(scope="module", params=["valkey 9.", "redis 6.2."])
def image(request: pytest.FixtureRequest, engine: Any) -> Iterator[tuple[str, str]]:
    """An image without anything but a server, and how the version of that begins."""
    binary = embedded_binary() if request.param == "valkey 9." else redis_62()
    if shutil.which("ldd") is None:
        pytest.skip("without ldd it is not known which libraries an image needs")
    repository = f"localhost/rrq-chaos-test-{uuid.uuid4().hex}"
    import_image(binary, repository)
    yield f"{repository}:1", request.param
    engine.images.remove(f"{repository}:1", force=True)


def containers_of(engine: Any, label: str) -> list[Any]:
    found: list[Any] = engine.containers.list(
        all=True, filters={"label": label}, ignore_removed=True
    )
    return found


@pytest.mark.slow
def test_a_container_is_killed_restarted_paused_and_removed(
    tmp_path: Path, engine: Any, image: tuple[str, str]
) -> None:
    name, version = image
    config = {"requirepass": "s3cret"}
    with open_server(f"container:{name}", tmp_path, durability="always", config=config) as server:
        assert isinstance(server, ContainerServer)
        assert server.pid is None
        assert server.version.startswith(version)
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
        assert len(containers_of(engine, label)) == 1
    assert server.log.read_text()
    assert containers_of(engine, label) == []


@pytest.mark.slow
def test_a_setting_that_the_server_refuses_is_told(tmp_path: Path, image: tuple[str, str]) -> None:
    server = open_server(f"container:{image[0]}", tmp_path, config={"maxmemory": "much"})
    with pytest.raises(ServerProblem, match="ended by itself; its last words"), server:
        pass


RIG = """
import sys, time
from pathlib import Path
from chaos.servers import open_server

with open_server(sys.argv[1], Path(sys.argv[2])) as server:
    print(server._id, flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
def test_a_rig_that_is_killed_leaves_no_container(
    tmp_path: Path, engine: Any, image: tuple[str, str]
) -> None:
    argv = [sys.executable, "-c", RIG, f"container:{image[0]}", str(tmp_path)]
    root = Path(__file__).parents[3]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=root) as rig:
        assert rig.stdout is not None
        label = f"{LABEL}={rig.stdout.readline().strip()}"
        assert len(containers_of(engine, label)) == 1
        rig.kill()
    deadline = time.monotonic() + 30
    while containers_of(engine, label):
        assert time.monotonic() < deadline, "the container is still there"
        time.sleep(0.1)


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
