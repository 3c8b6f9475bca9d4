"""A run directory of any name: its server reads its settings, and serves only this machine."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path

import psutil
import pytest

from chaos.servers import ServerProblem, open_server

ODD = [
    "[1]", "[", "a*?", "a b", "a\"b'c", "#x", "a%20b", "a\nb\r\tc", "a\\x41", "ünï☃", "$`;{x}",
    "job=7", os.fsdecode(b"\xff\xfe"),
]  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_a_server_works_in_an_odd_directory(spec: str, tmp_path: Path, name: str) -> None:
    directory = tmp_path / name / "server"
    with open_server(spec, directory, durability="always") as server:
        assert server.pid is not None
        process = psutil.Process(server.pid)
        listening = {
            c.laddr.ip for c in process.net_connections("inet") if c.status == psutil.CONN_LISTEN
        }
        assert listening == {"127.0.0.1"}
        assert all(ipaddress.ip_address(ip).is_loopback for ip in listening)
        with server.client() as client:
            client.set("key", "value")
        server.kill()
        server.start()
        with server.client() as client:
            assert client.get("key") == b"value"
    assert any(directory.glob("appendonly*"))


@pytest.mark.parametrize("settings", ["bind 0.0.0.0", "bind * -::*", "dir /"])
def test_a_server_that_is_not_where_it_should_be_is_refused_and_ended(
    spec: str, tmp_path: Path, settings: str
) -> None:
    more = tmp_path / "more.conf"
    more.write_text(f"{settings}\n")
    server = open_server(spec, tmp_path / "server", config={"include": str(more)})
    with pytest.raises(ServerProblem, match="so it was ended; leave out the setting"):
        server.start()
    assert server.pid is None
