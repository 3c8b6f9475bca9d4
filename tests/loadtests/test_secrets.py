"""Locust shows the server's password to nobody; and it can be started anywhere."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import loadtests
from chaos.servers import Server, open_server
from chaos.servers.ports import free_port
from tests.loadtests.running import Locust
from tests.loadtests.test_signals import listens

pytestmark = pytest.mark.slow

SECRET = "s3cr3t-p4ss"
ROOT = Path(loadtests.__file__).parents[1]


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Server]:
    with open_server("embedded", tmp_path / "own", config={"requirepass": SECRET}) as server:
        yield server


def page(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        found: bytes = answer.read()
    return found.decode()


@pytest.mark.parametrize("by_option", [True, False])
def test_the_password_is_on_no_page_in_no_message_no_process_list_and_no_file(
    guarded: Server, tmp_path: Path, by_option: bool
) -> None:
    run, port, master_port = tmp_path / "run", free_port(), free_port()
    words = ["--fleet-workers", "1", "--out", str(run), "--web-port", str(port), "--autostart"]
    words += ["--master", "--master-bind-port", str(master_port), "-u", "2", "SingleEnqueues"]
    words += ["--html", str(tmp_path / "report.html"), "--loglevel", "DEBUG"]
    words += ["--redis", guarded.url] if by_option else []
    environment = {} if by_option else {"CHAOS_REDIS": guarded.url}
    with (
        Locust(tmp_path, *words, environment=environment) as master,
        Locust(tmp_path, "--worker", "--master-port", str(master_port)) as worker,
    ):
        master.wait_for("the page", lambda: listens(port))
        master.wait_for("work", lambda: '"type":"start"' in master.history("fleet-*.jsonl"))
        for path in ("/", "/logs", "/stats/requests", "/stats/report", "/tasks"):
            assert SECRET not in page(port, path), path
        assert "***@127.0.0.1" in page(port, "/")
        mine = psutil.Process(master.process.pid)
        listening = {c.laddr.ip for c in mine.net_connections("inet") if c.status == "LISTEN"}
        assert listening == {"127.0.0.1"}
        for process in mine.children(recursive=True):
            assert SECRET not in " ".join(process.cmdline())
        assert stat.S_IMODE((run / "server.url").stat().st_mode) == 0o600
        master.signal(signal.SIGINT)
        assert master.end() == 0, master.text
        assert worker.end() == 0, worker.text
        assert SECRET not in master.text + worker.text
    for file in (tmp_path / "report.html", *run.rglob("*")):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file
    assert not (run / "server.url").exists()


def test_what_is_sent_to_workers_has_no_password() -> None:
    # In a process of its own, because locust rewires the standard library when it is imported.
    code = f"""
import locust, pickle
from locust.argument_parser import LocustArgumentParser
from chaos.load.generator import options as added
parser = LocustArgumentParser()
added.add(parser)
options = parser.parse_args(["--redis", "redis://:{SECRET}@h:1/0"])
assert {SECRET!r} not in repr(options), options
from locust.rpc.protocol import Message
assert {SECRET.encode()!r} not in Message("spawn", vars(options), "x").serialize()
assert options.redis.real == "redis://:{SECRET}@h:1/0"
assert options.web_host == options.master_bind_host == "127.0.0.1"
told = parser.parse_args(["--web-host", "0.0.0.0", "--master-bind-host", "*"])
assert told.web_host == "0.0.0.0" and told.master_bind_host == "*"
"""
    done = subprocess.run(
        [sys.executable, "-c", code.replace("parser = LocustArgumentParser()", _PARSER)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


_PARSER = """
from locust.argument_parser import get_empty_argument_parser, setup_parser_arguments
parser = get_empty_argument_parser()
setup_parser_arguments(parser)
"""


@pytest.mark.parametrize("place", ["directory", "file", "own"])
def test_locust_may_be_started_anywhere(tmp_path: Path, place: str) -> None:
    """This holds also for a user's own file beside the load test's, which it imports."""
    own = tmp_path / "own.py"
    own.write_text(
        "from locust import task\n"
        "from loadtests.users import Enqueuing\n"
        "class Own(Enqueuing):\n"
        "    label = 'own'\n"
        "    @task\n"
        "    def one(self): self.enqueue([self.job()])\n"
    )
    users = ROOT / "loadtests" / "users.py"
    files = {"directory": f"{ROOT}/loadtests/", "file": str(users), "own": f"{users},{own}"}[place]
    words = ("--headless", "-t", "1s", "--fleet-workers", "1", "--out", str(tmp_path / "run"))
    user = "Own" if place == "own" else "SingleEnqueues"
    environment = {"PYTHONPATH": ""}
    with Locust(
        tmp_path, *words, user, files=files, cwd=tmp_path, environment=environment
    ) as locust:
        assert locust.end() == 0, locust.text
        assert locust.verdicts() == ["PASS"]
        assert "Traceback" not in locust.text


@pytest.mark.parametrize("package", ["duckdb", "redis", "rich"])
def test_a_package_that_is_missing_is_told_in_a_sentence(tmp_path: Path, package: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Gone:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] == {package!r}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Gone())\n"
    )
    words = ("--headless", "-t", "1s", "--out", str(tmp_path / "run"))
    environment = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    with Locust(tmp_path, *words, environment=environment) as locust:
        assert locust.end() == 2, locust.text
        assert "Traceback" not in locust.text
        assert f"No module named {package!r}" in locust.text
        assert "pip install 'rrq-chaos[" in locust.text
