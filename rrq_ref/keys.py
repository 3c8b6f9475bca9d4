"""The data model: every key in Redis. No other module spells one.

RRQ's own names and formats:

| key | type | life |
|---|---|---|
| `rrq:job:<id>` | HASH, the job | until its result TTL or DLQ TTL after it ended |
| `rrq:queue:<name>` | ZSET job id → due time in ms | an entry until it is claimed |
| `rrq:dlq:<name>` | LIST of job ids, newest first | an entry until it is requeued or deleted |
| `rrq:lock:unique:<key>` | STRING job id | until that job has ended |
| `rrq:events:job:<id>` | STREAM, the end of a job that a client waits for | one minute |
| `rrq:health:worker:<id>` | STRING JSON | TTL, renewed by the worker |

Ours, beside them:

| key | type | life |
|---|---|---|
| `rrq:locks:<name>` | ZSET job id → expiry in ms: the locks (leases) of a queue | an entry while an attempt holds the job |
| `rrq:claim:<worker id>` | STRING, the worker's last claim, in case its reply is lost | ten minutes, or one lock TTL |
| `rrq:wake:<name>` | LIST of wake-up hints, at most 64 | one minute |

and in the job hash `fencing_token`, `crashes`, `charged`, `acquitted`, `dead_reason`,
`error_history`, `cancel_requested` (a time) and `awaited` (the event stream, once a client waits).
A queue has the dead-letter queue of the same name.
"""  # noqa: E501 - a table row is one line

from collections.abc import Callable

job = "rrq:job:{}".format
events = "rrq:events:job:{}".format
unique = "rrq:lock:unique:{}".format
health = "rrq:health:worker:{}".format
claim = "rrq:claim:{}".format

JOB, UNIQUE = job(""), unique("")  # prefixes for scripts that meet jobs of any id


def queue_name(name: str) -> str:
    """The bare name of a queue or dead-letter queue, with RRQ's prefix removed if it has one."""
    return name.removeprefix("rrq:queue:").removeprefix("rrq:dlq:")


def _of_queue(beginning: str) -> Callable[[str], str]:
    return lambda name: beginning + queue_name(name)


def queue_of(key: str) -> str | None:
    """The name of the queue whose entries, locks or dead jobs this key holds, or None."""
    found = [key.removeprefix(kind("")) for kind in (queue, locks, dlq) if key.startswith(kind(""))]
    return found[0] if found else None


#: A glob that matches those keys, and some others.
OF_QUEUES = "rrq:[qld][uol][ecq]*"
queue, locks = _of_queue("rrq:queue:"), _of_queue("rrq:locks:")
dlq, wake = _of_queue("rrq:dlq:"), _of_queue("rrq:wake:")
