"""The rig: injects faults into worker processes of a Redis queue, and judges what happened.

A module directly in this package is a scenario to run (`python -m chaos.kill_during_claim`);
what scenarios are built from lives in the sub-packages.
"""

import os
import sys
from types import TracebackType

PATH_VARIABLE = "RRQ_CHAOS_PATH"
"""Names directories for the end of the module path; set by `rrq-chaos` for its children."""

sys.path += [
    place
    for place in os.environ.get(PATH_VARIABLE, "").split(os.pathsep)
    if place and place not in sys.path
]


def tell_what_is_missing(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """Print one sentence, and no traceback, when a package that the program imports is missing,
    and end with the exit code for wrong usage. All other errors are reported as usual."""
    name = getattr(error, "name", None) or ""
    if not isinstance(error, ImportError) or name.partition(".")[0] in _OURS:
        return sys.__excepthook__(kind, error, traceback)
    print(
        f"error: the rig cannot start without a package that it needs ({error}); install what is"
        " missing: pip install 'rrq-chaos[chaos]'",
        file=sys.stderr,
        flush=True,
    )
    os._exit(2)  # Python's own 1 would say that a promise was broken


_OURS = ("chaos", "benchmarks", "loadtests", "rrq_ref")

# Python sets this while it looks for the module of `python -m`: this process is a program of ours,
# and it imports its packages before anything of it can run.
if getattr(sys, "argv", [])[:1] == ["-m"]:
    sys.excepthook = tell_what_is_missing
