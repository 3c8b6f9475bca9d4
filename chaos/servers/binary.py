"""A server that the rig starts from a binary on this machine, in a directory of its own."""

import contextlib
import ipaddress
import os
import re
import secrets
import signal
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from urllib.parse import quote

import psutil

from chaos.processes import Process, ProcessStillRunning, end_processes, held_back, spawn
from chaos.servers.client import OLDEST, About
from chaos.servers.config import as_file, password_of, quoted, settings
from chaos.servers.ports import PORT_TRIES, PortTaken, free_port
from chaos.servers.problem import ServerProblem, directory_problem
from chaos.servers.server import READY_TIMEOUT_S, STOP_TIMEOUT_S, Durability, Server

HOST = "127.0.0.1"
VERSION_TIMEOUT_S = 10.0
LAST_WORDS_S = 5.0
TAIL_BYTES = 8192


class BinaryServer(Server):
    """Runs `binary` with a config file, data and log in `directory`, on a free port of 127.0.0.1.

    The port is chosen at the first start and kept. Other users of this machine reach neither the
    server, which asks for a password that only its URL and its config file have, nor its directory.
    """

    def __init__(
        self,
        binary: Path,
        directory: Path,
        *,
        durability: Durability = "none",
        config: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        choose_port: Callable[[], int] = free_port,
    ) -> None:
        super().__init__()
        self.binary = binary
        self.directory = directory.absolute()
        given = settings(durability, config)
        self._settings = {"requirepass": secrets.token_hex(16)} | given
        self._environment = {**os.environ, **environment} if environment else None
        self._choose_port = choose_port
        self._port: int | None = None
        self._process: Process | None = None
        self._log_start = 0

    def __repr__(self) -> str:
        return f"<server {self.binary.name} in {self.directory}>"

    @property
    def url(self) -> str:
        if self._port is None:
            raise ServerProblem(f"the port of {self} is not known before it has been started")
        user = f":{quote(self.password, safe='')}@" if self.password else ""
        return f"redis://{user}{HOST}:{self._port}/0"

    @property
    def password(self) -> str | None:
        """What it asks of its clients. None where the settings say that it asks nothing."""
        return password_of(self._settings)

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process is not None and process.alive else None

    @property
    def log(self) -> Path:
        return self.directory / "server.log"

    def start(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        if self._running():
            raise ServerProblem(f"{self} runs already; stop it first")
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            self.directory.chmod(0o700)
        except OSError as error:
            raise directory_problem(self.directory, error) from error
        if self._version is None:
            self._version = binary_version(self.binary)
        if self._port is not None:
            try:
                self._launch(self._port, timeout_s)
            except PortTaken:
                raise ServerProblem(
                    f"port {self._port}, where {self} was, is in use by another process now; "
                    "end that one and start again"
                ) from None
            return
        for _ in range(PORT_TRIES):
            # No port can be reserved for another process. It may be taken by now: try again.
            try:
                self._port = self._choose_port()
                self._launch(self._port, timeout_s)
            except PortTaken:
                self._port = None
            except BaseException:
                self._port = None
                raise
            else:
                return
        raise ServerProblem(
            f"{PORT_TRIES} ports of {HOST} in a row were in use when {self} started; start it again"
        )

    def stop(self) -> None:
        process = self._living("stopped")
        try:
            end_processes([process], grace_s=STOP_TIMEOUT_S)
        except ProcessStillRunning as error:
            raise ServerProblem(f"{self} cannot be ended: {error}") from error

    def kill(self) -> None:
        process = self._living("killed")
        # With the child that may be saving for it, as when the machine dies.
        process.signal_group(signal.SIGKILL)
        try:
            process.wait(STOP_TIMEOUT_S)
        except ProcessStillRunning as error:
            raise ServerProblem(f"{self} cannot be killed: {error}") from error

    def pause(self) -> None:
        if not self._living("paused").pause():
            raise ServerProblem(f"{self} ended while it was being paused; see {self.log}")

    def resume(self) -> None:
        self._living("resumed").resume()

    def close(self) -> None:
        if self._process is not None:
            end_processes([self._process], grace_s=STOP_TIMEOUT_S)

    def _running(self) -> bool:
        return self._process is not None and self._process.alive

    def _living(self, what: str) -> Process:
        if self._process is None or not self._process.alive:
            raise ServerProblem(f"{self} does not run, so it cannot be {what}; start it first")
        return self._process

    def _is_ours(self, about: About) -> bool:
        return self._process is not None and about.process_id == self._process.pid

    def _check_running(self) -> None:
        status = None if self._process is None else self._process.poll()
        if self._process is not None and status is None:
            return
        problem = self._why_it_ended()
        if isinstance(problem, PortTaken):
            raise ServerProblem(f"port {self._port} of {HOST} is in use; start {self} again")
        raise problem

    def _launch(self, port: int, timeout_s: float) -> None:
        config_file = self._write_config(port)
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        with held_back():
            try:
                with config_file.open("rb") as config:
                    self._process = spawn(
                        # Not by its name. If that held `[` or `*`, the server would take it for
                        # a pattern, find nothing, and go on without any configuration.
                        [self.binary, "-"],
                        stdin=config,
                        log=self.log,
                        env=self._environment,
                        cwd=self.directory,
                        name="server",
                    )
            except OSError as error:
                raise directory_problem(self.directory, error) from error
        try:
            self.wait_ready(timeout_s)
            self._check_place()
        except ServerProblem:
            # If a stranger on the port has answered us, ours is about to leave and say why.
            with contextlib.suppress(ProcessStillRunning):
                self._process.wait(LAST_WORDS_S)
                raise self._why_it_ended() from None
            self.close()
            raise
        except BaseException:
            self.close()
            raise

    def _check_place(self) -> None:
        """Raise ServerProblem unless it listens on this machine only, and works where it should.

        A server that did not understand its configuration serves everybody, without a password.
        """
        assert self._process is not None
        try:
            process = psutil.Process(self._process.pid)
            connections, cwd = process.net_connections("inet"), process.cwd()
        except psutil.Error:  # it has ended, or this system does not tell
            return
        open_to = {c.laddr.ip for c in connections if c.status == psutil.CONN_LISTEN}
        strange = [ip for ip in sorted(open_to) if not ipaddress.ip_address(ip).is_loopback]
        if strange:
            raise ServerProblem(
                f"{self} was to listen on {HOST} only, and listens on {', '.join(strange)} too, so"
                " it was ended; leave out the setting that makes it, or give another binary"
            )
        if os.path.realpath(cwd) != os.path.realpath(self.directory):
            raise ServerProblem(
                f"{self} was to keep its data in its directory, and keeps it in {cwd}, so it was"
                " ended; leave out the setting that makes it, or give another binary"
            )

    def _write_config(self, port: int) -> Path:
        ours = {
            "port": str(port),
            "bind": HOST,
            "protected-mode": "yes",
            "daemonize": "no",
            "logfile": '""',
            "dir": quoted(self.directory),
        }
        if self._knows_debug_command():
            ours["enable-debug-command"] = "local"
        path = self.directory / "server.conf"
        try:
            # It may hold a password.
            path.touch(mode=0o600)
            path.write_text(as_file(ours | self._settings))
        except OSError as error:
            raise directory_problem(self.directory, error) from error
        return path

    def _knows_debug_command(self) -> bool:
        product, _, number = self.version.partition(" ")
        return product == "valkey" or int(number.split(".")[0]) >= 7

    def _why_it_ended(self) -> ServerProblem | PortTaken:
        """Find the reason in what the log has gained since the start."""
        text = ""
        with contextlib.suppress(OSError), self.log.open("rb") as log:
            log.seek(max(self._log_start, self.log.stat().st_size - TAIL_BYTES))
            text = log.read().decode(errors="replace")
        if "Address already in use" in text:
            return PortTaken()
        if "No space left on device" in text:
            return ServerProblem(f"the disk of {self.directory} is full, so {self} cannot start")
        if "Permission denied" in text:
            return ServerProblem(f"{self} may not write to its directory; give another one")
        if wrong := re.search(r">>> '(\S+)[^\n]*\n([^\n]+)", text):
            # The value stays out of the message: it may be a password.
            return ServerProblem(
                f"{self} does not accept the setting {wrong[1]!r} ({wrong[2].strip()}); correct it"
            )
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        last = f"its last words: {lines[-1]}" if lines else "it said nothing"
        return ServerProblem(f"{self} ended by itself; {last}; see {self.log}")


@cache
def binary_version(binary: Path) -> str:
    """Product and version of a server's binary, for example `redis 6.2.14`.

    Raises ServerProblem if it is missing, cannot run, is something else, or is too old.
    """
    right = "give the path of a redis-server or valkey-server"
    if not binary.is_file():
        raise ServerProblem(f"there is no file {binary}; {right}")
    if not os.access(binary, os.X_OK):
        raise ServerProblem(f"{binary} may not be executed; {right}, or make it executable")
    try:
        answer = subprocess.run(
            [binary, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=VERSION_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServerProblem(f"{binary} cannot be run on this machine; {right}") from error
    text = answer.stdout.decode(errors="replace")
    found = re.match(r"(Redis|Valkey) server v=((\d+)\.(\d+)\S*)", text)
    if found is None:
        raise ServerProblem(f"{binary} is not a Redis server; {right}")
    version = f"{found[1].lower()} {found[2]}"
    if (int(found[3]), int(found[4])) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise ServerProblem(
            f"{binary} is {version}, which is too old; give one of version {oldest} or newer"
        )
    return version
