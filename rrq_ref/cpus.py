"""CPUs: the number that this process may use, and the time that a process waited for one."""

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import product
from pathlib import Path


def usable_cpus(root: Path = Path("/")) -> int:
    """The CPUs that affinity and cgroup quota (v1 or v2) leave to this process. Part of a CPU
    counts as one. `root` holds proc/ and sys/."""
    if hasattr(os, "process_cpu_count"):  # Python 3.13; heeds PYTHON_CPU_COUNT too
        count = os.process_cpu_count()
    elif hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count()
    return max(1, math.ceil(min([count or 1, *_quotas(root)])))


def _quotas(root: Path) -> Iterator[float]:
    """The quotas of our cgroup and of those above it. If our path is not below the mount, as in a
    container that sees its host's paths, the mount itself is our cgroup."""
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, name = line.split(":", 2)
            group = Path(*(part for part in name.split("/") if part not in ("", "..")))
            mounts = {controllers, *controllers.split(",")}  # version 2 has no name
            files = (["cpu.max"], ["cpu.cfs_quota_us", "cpu.cfs_period_us"])
            for mount, each, names in product(mounts, (group, *group.parents), files):
                folder = root / "sys/fs/cgroup" / mount / each
                with suppress(OSError, ValueError, ArithmeticError):  # "max" is no number
                    quota, period = " ".join((folder / n).read_text() for n in names).split()
                    if int(quota) > 0:
                        yield int(quota) / int(period)


def waited_for_cpu_s(pid: int) -> float:
    """Seconds that all threads of a process together were ready to run but had no CPU. 0 if the
    kernel does not say."""
    with suppress(OSError, ValueError, IndexError):
        tasks = Path(f"/proc/{pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[1]) for task in tasks) / 1e9
    return 0.0
