"""Gauges: the CPU time, memory and calls that a server or a process has used."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from redis import Redis

#: Commands that only clients send. The server also counts a script's own commands, so a client's
#: SET or HGET cannot be told apart from them; a worker sends one of those with each heartbeat.
CLIENT_COMMANDS = ("evalsha", "eval", "fcall", "blpop", "script|load")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """A server's counters since its start, or between two readings."""

    #: CPU time of its main thread, which runs all commands.
    cpu_s: float
    #: `CLIENT_COMMANDS` that ran.
    calls: int

    def __sub__(self, before: Usage) -> Usage:
        return Usage(cpu_s=self.cpu_s - before.cpu_s, calls=self.calls - before.calls)


def usage(admin: Redis) -> Usage:
    """Read a server's counters."""
    cpu: Any = admin.info("cpu")
    stats: Any = admin.info("commandstats")
    names = [f"cmdstat_{name}" for name in CLIENT_COMMANDS]
    return Usage(
        cpu_s=cpu["used_cpu_user_main_thread"] + cpu["used_cpu_sys_main_thread"],
        calls=sum(int(stats[name]["calls"]) for name in names if name in stats),
    )


def memory(admin: Redis) -> int:
    """Bytes that the server has allocated."""
    info: Any = admin.info("memory")
    return int(info["used_memory"])


def clients(admin: Redis) -> tuple[int, int]:
    """Connected clients, and those that wait in a blocking command."""
    info: Any = admin.info("clients")
    return int(info["connected_clients"]), int(info["blocked_clients"])


def family(pid: int) -> list[psutil.Process]:
    """A process and its descendants."""
    leader = psutil.Process(pid)
    return [leader, *leader.children(recursive=True)]


def cpu_s(processes: Iterable[psutil.Process]) -> float:
    """The CPU time that processes have used: their own work, however busy the machine is."""
    total = 0.0
    for process in processes:
        with suppress(psutil.Error):  # it has just ended
            times = process.cpu_times()
            total += times.user + times.system
    return total


def peak_rss_mb(pid: int) -> float | None:
    """The peak memory of a process, in MB of 10^6 bytes; None if this is not Linux."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    except OSError:
        return None
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return None if found is None else int(found[1]) * 1024 / 1e6
