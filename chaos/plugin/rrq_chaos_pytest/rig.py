"""The rig in a process of its own: where it is, and how it is started.

A process that runs tests never imports the rig. Its project may have a package `chaos` too, and the
rig brings threads and packages that do not belong there.
"""

from __future__ import annotations

import os
import site
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

#: What the package `chaos` lies in: site-packages, or the source tree.
ROOT = next(
    place for place in Path(__file__).parents if (place / "chaos" / "evidence.py").is_file()
)
#: A rig that is told to leave stops all that it has started, which takes no longer.
_LEAVES_WITHIN_S = 60


def names() -> list[str]:
    """What can be played: each module of `chaos` that has a SCENARIO, and the sweep."""
    modules = sorted((ROOT / "chaos").glob("*.py"))
    found = [path.stem for path in modules if "\nSCENARIO = " in path.read_text("utf-8")]
    return [*found, "sweep"]


def command(*words: str) -> list[str]:
    """`rrq-chaos …`, whatever lies in the current directory."""
    return [sys.executable, "-P", "-m", "chaos", *words]


def environment() -> dict[str, str]:
    """The variables of such a process. It finds our `chaos` and no other, and at the end of its
    module path all that this process can import: the target is there."""
    given = [Path(place) for place in os.environ.get("PYTHONPATH", "").split(os.pathsep) if place]
    first = [place for place in given if place == ROOT or not _has_its_own(place)]
    if str(ROOT) not in (*site.getsitepackages(), site.getusersitepackages()):
        first = [ROOT, *(place for place in first if place != ROOT)]
    last = [str(Path(place).absolute()) for place in sys.path]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, first)),
        "RRQ_CHAOS_PATH": os.pathsep.join(last),
    }


def _has_its_own(place: Path) -> bool:
    return any((place / name).exists() for name in ("chaos", "chaos.py"))


def run(*words: str, cwd: Path) -> str:
    """Run it to its end, and return the last sentence that it complained with.

    Whatever interrupts this (Ctrl-C, a time-out) interrupts it too.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints:
        process = subprocess.Popen(
            command(*words),
            cwd=cwd,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
        )
        try:
            process.wait()
        finally:
            end(process)
        complaints.seek(0)
        return last_sentence(complaints.read().splitlines())


def end(process: subprocess.Popen[Any]) -> None:
    """Have it leave, and wait until it has."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_LEAVES_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def last_sentence(lines: Sequence[str]) -> str:
    """The last of these lines, which says what is wrong."""
    said = [line.strip() for line in lines if line.strip()]
    return said[-1].removeprefix("error: ").removeprefix("Error: ") if said else "it said nothing"
