"""A server that runs in a container, by way of testcontainers."""

import contextlib
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

from chaos.processes import held_back
from chaos.servers import client
from chaos.servers.client import About
from chaos.servers.config import as_arguments, password_of, settings
from chaos.servers.container_reaper import ALL_REMOVED
from chaos.servers.ports import PORT_TRIES, PortTaken, free_port
from chaos.servers.problem import ServerProblem, directory_problem
from chaos.servers.server import (
    PROBE_TIMEOUT_S,
    READY_TIMEOUT_S,
    STOP_TIMEOUT_S,
    Durability,
    Server,
)

DEFAULT_IMAGE = "valkey/valkey:9-alpine"
"""Any image whose entry point takes the options of a server will do, as that of Redis."""

PORT = 6379
ENGINE_TIMEOUT_S = 60
LABEL = "rrq-chaos.server"
LOCAL_HOSTS = ("localhost", "127.0.0.1")


class ContainerServer(Server):
    """Runs `image` on the container engine that the environment names (DOCKER_HOST).

    It has no `pid` here; the engine kills and pauses it. `enable-debug-command local` is not set,
    because the rig's connections are not local to the server. `log` is written when it ends.
    """

    def __init__(
        self,
        image: str,
        directory: Path,
        *,
        durability: Durability = "none",
        config: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self.image = image
        self.directory = directory.absolute()
        self._id = uuid.uuid4().hex
        # The engine maps the rig's connections, so the server does not see them as local.
        self._settings = {"protected-mode": "no", **settings(durability, config)}
        # Tells our server from others: it alone was given this name, of a file never written.
        self._settings["dbfilename"] = f"{self._id}.rdb"
        self._container: Any = None
        self._reaper: subprocess.Popen[bytes] | None = None
        self._url: str | None = None

    def __repr__(self) -> str:
        return f"<server in a container of {self.image}>"

    @property
    def url(self) -> str:
        if self._url is None:
            raise ServerProblem(f"the port of {self} is not known before it has been started")
        return self._url

    @property
    def pid(self) -> None:
        return None

    @property
    def log(self) -> Path:
        return self.directory / "server.log"

    def start(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        if self._container is None:
            self._create()
        elif self._running():
            raise ServerProblem(f"{self} runs already; stop it first")
        else:
            with self._engine_errors():
                self._wrapped().start()
        self.wait_ready(timeout_s)

    def stop(self) -> None:
        wrapped = self._living("stopped")
        with self._engine_errors():
            if wrapped.status == "paused":
                wrapped.unpause()
            wrapped.stop(timeout=int(STOP_TIMEOUT_S))
            self._save_log()

    def kill(self) -> None:
        wrapped = self._living("killed")
        with self._engine_errors():
            wrapped.kill(signal="SIGKILL")
            wrapped.wait(timeout=STOP_TIMEOUT_S)
            self._save_log()

    def pause(self) -> None:
        wrapped = self._living("paused")
        with self._engine_errors():
            wrapped.pause()

    def resume(self) -> None:
        wrapped = self._living("resumed")
        with self._engine_errors():
            wrapped.unpause()

    def close(self) -> None:
        with held_back():
            try:
                if self._container is not None:
                    with self._engine_errors():
                        self._save_log()
                        self._container.stop()  # This is testcontainers' word for "remove".
                    self._container = None
            finally:
                # It is told of the removal; where that failed, it does it.
                self._dismiss_reaper(removed=self._container is None)

    def _create(self) -> None:
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise directory_problem(self.directory, error) from error
        for _ in range(PORT_TRIES):
            with contextlib.suppress(PortTaken), self._engine_errors():
                self._create_on(free_port())
                return
        raise ServerProblem(f"{PORT_TRIES} ports in a row were in use; start {self} again")

    def _create_on(self, port: int) -> None:
        library = _testcontainers()
        docker_errors = import_module("docker.errors")
        with held_back():
            made = library.DockerContainer(
                self.image,
                docker_client_kw={"timeout": ENGINE_TIMEOUT_S},
                command=as_arguments(self._settings),
                labels={LABEL: self._id},
            )
            # A port of our choice, because the engine would choose a new one at every restart. Only
            # for this machine: the server has no password.
            here = made.get_docker_client().host() in LOCAL_HOSTS
            mode = made.get_docker_client().get_connection_mode()
            only_local = here and mode is library.ConnectionMode.docker_host
            made.ports[f"{PORT}/tcp"] = ("127.0.0.1", port) if only_local else port
            self._start_reaper()
            try:
                with _without_ryuk(library):
                    made.start()
            except docker_errors.APIError as error:
                made.stop()
                if "already allocated" in str(error) or "already in use" in str(error):
                    raise PortTaken from error
                raise
            except BaseException:
                made.stop()
                raise
            self._container = made
        password = password_of(self._settings)
        user = f":{quote(password, safe='')}@" if password else ""
        try:
            place = f"{made.get_container_host_ip()}:{made.get_exposed_port(PORT)}"
        except TimeoutError as error:
            self._check_running()  # most likely it has said why it left
            raise ServerProblem(f"{self} did not begin to run; start it again") from error
        self._url = f"redis://{user}{place}/0"

    def _wrapped(self) -> Any:
        wrapped = self._container.get_wrapped_container()
        wrapped.reload()
        return wrapped

    def _running(self) -> bool:
        if self._container is None:
            return False
        with self._engine_errors():
            return self._wrapped().status in ("running", "paused", "restarting")

    def _living(self, what: str) -> Any:
        if not self._running():
            raise ServerProblem(f"{self} does not run, so it cannot be {what}; start it first")
        return self._wrapped()

    def _check_running(self) -> None:
        if self._running():
            return
        lines: list[str] = []
        if self._container is not None:
            with self._engine_errors():
                lines = self._save_log().strip().splitlines()
        last = f"its last words: {lines[-1]}" if lines else "it said nothing"
        raise ServerProblem(f"{self} ended by itself; {last}; see {self.log}")

    def _is_ours(self, about: About) -> bool:
        with client.asking(self.url, timeout_s=PROBE_TIMEOUT_S) as asked:
            answer: Any = asked.config_get("dbfilename")
        return self._settings["dbfilename"] in {
            value.decode() if isinstance(value, bytes) else value for value in answer.values()
        }

    def _save_log(self) -> str:
        output: bytes = self._container.get_wrapped_container().logs()
        with contextlib.suppress(OSError):
            self.log.write_bytes(output)
        return output.decode(errors="replace")

    def _start_reaper(self) -> None:
        if self._reaper is not None:
            return
        program = Path(__file__).with_name("container_reaper.py")
        # Not through `spawn`: this child is there to outlive the rig.
        self._reaper = subprocess.Popen(
            [sys.executable, "-P", program, f"{LABEL}={self._id}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _dismiss_reaper(self, *, removed: bool) -> None:
        if self._reaper is None:
            return
        with contextlib.suppress(BrokenPipeError, subprocess.TimeoutExpired):
            self._reaper.communicate(ALL_REMOVED if removed else b"", timeout=STOP_TIMEOUT_S * 2)
        if self._reaper.poll() is None:
            self._reaper.kill()
            self._reaper.wait()
        self._reaper = None

    @contextlib.contextmanager
    def _engine_errors(self) -> Iterator[None]:
        """Translate the engine's errors to ServerProblem."""
        try:
            errors = import_module("docker.errors")
            transport = import_module("requests.exceptions")
        except ImportError:
            raise _missing() from None
        try:
            yield
        except errors.ImageNotFound as error:
            raise ServerProblem(f"there is no image {self.image}; give another one") from error
        except errors.APIError as error:
            raise ServerProblem(
                f"the container engine refused ({error.explanation or error}); "
                f"check that it can run {self.image}"
            ) from error
        except (errors.DockerException, transport.RequestException) as error:
            raise ServerProblem(
                f"no container engine answers ({error}); start Docker, set DOCKER_HOST, or use "
                "embedded"
            ) from error


def _testcontainers() -> Any:
    # Imported late: it asks the engine's settings on import, and most runs do not need it.
    try:
        return import_module("testcontainers.core.container")
    except ImportError:
        raise _missing() from None


def _missing() -> ServerProblem:
    return ServerProblem(
        "a container needs the package testcontainers, which is not installed; "
        "pip install 'rrq-chaos[containers]', or use embedded"
    )


@contextlib.contextmanager
def _without_ryuk(library: Any) -> Iterator[None]:
    """Keep testcontainers from fetching and starting a reaper of its own; we have one."""
    before = library.c.ryuk_disabled
    library.c.ryuk_disabled = True
    try:
        yield
    finally:
        library.c.ryuk_disabled = before
