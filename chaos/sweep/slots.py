"""How many cells are played at a time."""

from __future__ import annotations

import os
import resource

import psutil

from chaos.targets import Target

#: A cell waits for a lock's TTL most of the time, or for so many seconds that many more can.
_PER_CPU, _PER_WAIT_S, _MOST_PER_CPU = 4, 2, 32
#: So many times as many have something to do where nothing else keeps the processors busy.
_ALONE = 3
#: Memory for the processes of a slot of a foreign queue, the share of all that they may have, and
#: the files that the rig has open for it.
_BYTES, _SHARE, _FILES = 100 << 20, 0.5, 32

#: Times in which no processor works for us, or that are counted under another name too.
_NO_WORK = ("idle", "iowait", "steal", "guest", "guest_nice")


def most(target: Target) -> int:
    """The slots that there are. While the processors are busy, only the `sure` ones are used."""
    return sure(target) if target.asks is not None else _ALONE * sure(target)


def sure(target: Target) -> int:
    """The longer each cell waits for a dead worker's job, the more, as far as there is memory."""
    per_cpu = _PER_CPU + round(_PER_WAIT_S * (target.again_within_s or 0.0))
    slots = min(per_cpu, _MOST_PER_CPU) * cpus()
    room = int(_SHARE * psutil.virtual_memory().available / _BYTES)
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // _FILES
    return max(1, slots if target.asks is None else min(slots, room, files))


def enough(target: Target, work_s: float) -> int:
    """As many as keep the processors busy, if a cell takes so many seconds of one and waits for a
    dead worker's job: with more of them, each would only be late."""
    waits_s = target.again_within_s or 0.0
    return max(_PER_CPU * cpus(), round(cpus() * (1 + waits_s / max(work_s, 0.01))))


def cpus() -> int:
    return len(os.sched_getaffinity(0))


def all_cpus() -> int:
    """The processors of this machine, whoever may use them."""
    return psutil.cpu_count() or 1


def worked_s() -> float:
    """The seconds that all processors of this machine have worked."""
    times = psutil.cpu_times()._asdict()
    return float(sum(its for name, its in times.items() if name not in _NO_WORK))
