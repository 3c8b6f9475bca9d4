"""RRQ reference: a small, correct Redis job queue, readable by and for RRQ.

Producers use `Client` (or `SyncClient`), worker processes `Fleet` or `Worker`; `keys` is the data
model and `lua/` holds one script per state transition.
"""

from .attempt import Context, Handler
from .client import Client, SyncClient
from .connection import connect
from .errors import (
    InvalidJob,
    JobCancelled,
    JobNotFound,
    LockLost,
    RetryJob,
    RRQError,
    StoreError,
    StoreRefused,
    StoreUnavailable,
)
from .fleet import Fleet
from .hooks import Hooks
from .job import Job, JobStatus, NewJob
from .scripts import Answer
from .settings import Settings
from .store import Store
from .worker import Worker

__all__ = [
    "Answer", "Client", "Context", "Fleet", "Handler", "Hooks", "InvalidJob", "Job", "JobCancelled",
    "JobNotFound",
    "JobStatus", "LockLost", "NewJob", "RRQError", "RetryJob", "Settings", "Store", "StoreError",
    "StoreRefused", "StoreUnavailable", "SyncClient", "Worker", "connect",
]  # fmt: skip
