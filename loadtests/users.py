"""The users of `chaos.load.generator`, and the jobs that they enqueue, for `locust -f loadtests/`.

locust -f loadtests/ --headless -u 20 -r 10 -t 20s --chaos kill
"""

import sys
from pathlib import Path

# Locust finds this file anywhere, but puts only its directory on the module path.
_ROOT = str(Path(__file__).resolve().parents[1])
sys.path.insert(1, _ROOT)  # not at the beginning, from which Locust removes its own entry again

from chaos.load.generator.users import (  # noqa: E402 - not importable before
    AsyncEnqueues,
    Batches,
    BulkEnqueues,
    CrashingJobs,
    DeferredJobs,
    DrawnJobs,
    Enqueuing,
    FailingJobs,
    LongJobs,
    Operators,
    SingleEnqueues,
    Twins,
    UniqueJobs,
)

__all__ = [
    "AsyncEnqueues",
    "Batches",
    "BulkEnqueues",
    "CrashingJobs",
    "DeferredJobs",
    "DrawnJobs",
    "Enqueuing",
    "FailingJobs",
    "LongJobs",
    "Operators",
    "SingleEnqueues",
    "Twins",
    "UniqueJobs",
]
