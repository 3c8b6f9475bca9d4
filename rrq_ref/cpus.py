"""CPUs: how many this process may use, and how long another one has waited for one."""

import math
import os
from collections.abc import Iterator
from pathlib import Path


def usable_cpus(root: Path = Path("/")) -> int:
    """CPUs that affinity and cgroup quota (v1 or v2) leave to this process; part of one counts as
    one. `root` holds proc/ and sys/."""
    if hasattr(os, "process_cpu_count"):  # Python 3.13; heeds PYTHON_CPU_COUNT too
        count = os.process_cpu_count()
    elif hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count()
    return max(1, math.ceil(min([count or 1, *_quotas(root)])))


def _quotas(root: Path) -> Iterator[float]:
    """Quotas of our cgroup and those above it. Where our path is not below the mount, as in a
    container that sees its host's paths, the mount itself is our cgroup."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, name = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        group = Path(*(part for part in name.split("/") if part not in ("", "..")))
        for mount in {controllers, "cpu"}:
            for each in (group, *group.parents):
                yield from _quota(root / "sys/fs/cgroup" / mount / each)


def _quota(group: Path) -> Iterator[float]:
    for files in (["cpu.max"], ["cpu.cfs_quota_us", "cpu.cfs_period_us"]):
        try:
            quota, period = " ".join((group / name).read_text() for name in files).split()
            if int(quota) > 0:
                yield int(quota) / int(period)
        except (OSError, ValueError, ArithmeticError):  # no such file, "max", or no number
            continue


def waited_for_cpu_s(pid: int) -> float:
    """Seconds that a process' threads were ready and had no CPU, together, since they started.
    0 where the kernel does not tell."""
    try:
        tasks = Path(f"/proc/{pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[1]) for task in tasks) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0
