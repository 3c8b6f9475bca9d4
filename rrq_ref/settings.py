"""Settings: frozen, and checked against each other when they are made."""

import os
from dataclasses import dataclass, field, fields
from typing import Literal, get_args

from . import keys
from .errors import Helpful
from .url import RedisUrl, flaw

Durability = Literal["none", "replicated", "fsynced"]

#: The least values that work. All other times may be 0.
LEAST = {"lock_ttl_ms": 100, "max_jobs": 0, "max_early_crashes": 0} | dict.fromkeys(
    ("concurrency", "max_retries", "max_crashes", "job_timeout_s", "dlq_ttl_s", "poll_min_ms",
     "command_timeout_ms", "heartbeat_interval_ms", "batch_bytes"), 1,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Helpful):
    """The settings of a client, worker or fleet. Raises `ValueError` with one sentence if a value,
    or the relation of two, cannot work."""

    #: Default: `RRQ_REDIS_URL`. Printed without its password.
    redis_url: str = field(
        default_factory=lambda: os.environ.get("RRQ_REDIS_URL") or "redis://127.0.0.1:6379/0"
    )
    queues: tuple[str, ...] = ("default",)  # in order of priority; a client enqueues to the first

    concurrency: int = 10  # jobs that one worker process runs at a time
    lock_ttl_ms: int = 30_000  # life of a lock (lease), which is renewed every third of it
    #: Bounds of the poll behind the wake-up hints, and of the back-off while Redis does not answer.
    #: A worker never waits for longer than a fifth of `lock_ttl_ms`.
    poll_min_ms: int = 50
    poll_max_ms: int = 2_000
    #: An enqueue or an outcome counts as done: at once ("none"); when `replicas` replicas have it
    #: ("replicated", by WAIT); when it is on the disks of the primary and of `replicas` replicas
    #: ("fsynced", by WAITAOF, for servers since 7.2). A replica reports its disk once a second, so
    #: 0 replicas is far faster. No confirmation within half of `command_timeout_ms` raises
    #: `StoreUnavailable`.
    durability: Durability = "none"
    replicas: int = 1
    command_timeout_ms: int = 5_000  # longest silence of the server before the connection is closed
    batch_bytes: int = 1_048_576  # most bytes in one call; a larger job goes alone
    heartbeat_interval_ms: int = 5_000
    heartbeat_slack_ms: int = 10_000  # the health key outlives its interval by this much

    drain_timeout_s: float = 30.0  # longest wait of a draining worker for its running jobs
    cleanup_timeout_s: float = 3.0  # time for a cancelled handler to clean up

    max_jobs: int = 0  # a worker that has started this many lets them end and leaves; 0: never
    #: A fleet kills and replaces a worker whose event loop has not turned for this long; 0: never.
    hung_after_s: float = 0.0
    #: A fleet gives up after this many crashes of a worker in a row, each soon after its start; 0:
    #: never. One poisonous job alone crashes `max_crashes` workers.
    max_early_crashes: int = 10
    #: A file that the worker's event loop (in a fleet, the parent) keeps touching.
    alive_file: str = ""

    #: Defaults for jobs that have no value of their own. `max_retries` counts all runs, as in RRQ.
    max_retries: int = 5
    job_timeout_s: int = 300
    result_ttl_s: int = 86_400  # 0 keeps the result for ever
    dlq_ttl_s: int = 604_800
    max_crashes: int = 5  # lost workers after which a job is dead-lettered as poison
    #: Back-off: min(cap, base * 2^(failed runs - 1)), less a random share of up to `retry_jitter`.
    retry_base_s: float = 5.0
    retry_cap_s: float = 3_600.0
    retry_jitter: float = 0.2

    def __post_init__(self) -> None:
        if isinstance(self.redis_url, str):
            object.__setattr__(self, "redis_url", RedisUrl(self.redis_url))
        why = flaw(self.redis_url)
        self._check("redis_url", not why, why)
        self._check_queues()
        for name, kind in ((one.name, one.type) for one in fields(self)):
            if name in LEAST or name.endswith(("_ms", "_s")):
                least, given = LEAST.get(name, 0), getattr(self, name)
                good = type(given) in ((int,) if kind is int else (int, float)) and given >= least
                self._check(name, good, f"it must be at least {least}")
                # Redis and its scripts can count this far.
                most = given <= 10**12 or kind is float
                self._check(name, most, "it must be at most 10**12")
        never_or_enough = self.hung_after_s == 0 or self.hung_after_s >= 2
        self._check("hung_after_s", never_or_enough, "it must be 0 (never) or at least 2")
        most = "it must be at most 1000 (use more workers)"
        self._check("concurrency", self.concurrency <= 1000, most)
        words = get_args(Durability)
        self._check("durability", self.durability in words, f"it must be one of {', '.join(words)}")
        enough = self.replicas >= (self.durability == "replicated")
        self._check("replicas", enough, "that would wait for nothing")
        text = f"poll_max_ms is {self.poll_max_ms}, and must not be less"
        self._check("poll_min_ms", self.poll_min_ms <= self.poll_max_ms, text)
        self._check("retry_jitter", 0 <= self.retry_jitter <= 1, "it must lie between 0 and 1")

    def _check_queues(self) -> None:
        given = self.queues
        text = isinstance(given, tuple | list) and all(isinstance(name, str) for name in given)
        names = [keys.queue_name(name) for name in given] if text else []
        good = names and all(name and name == name.strip() for name in names)
        rule = "give a tuple of names: at least one, none empty, none with blanks around it"
        self._check("queues", bool(good), rule)
        self._check("queues", len(set(names)) == len(names), "give each name once")

    def _check(self, name: str, good: bool, rule: str) -> None:
        if not good:
            raise ValueError(f"{name} is {getattr(self, name)!r}; {rule}")

    @property
    def heartbeat_ttl_ms(self) -> int:
        return self.heartbeat_interval_ms + self.heartbeat_slack_ms

    @property
    def barrier(self) -> tuple[tuple[str | int, ...], ...]:
        """The command, if any, that waits until its connection's writes are durable."""
        limit_ms = max(1, self.command_timeout_ms // 2)
        match self.durability:
            case "replicated":
                return (("WAIT", self.replicas, limit_ms),)
            case "fsynced":
                return (("WAITAOF", 1, self.replicas, limit_ms),)
        return ()

    @property
    def pool_size(self) -> int:
        """Connections of one process: claim, settle, refresh, heartbeat, two spare, one per job."""
        return self.concurrency + 6

    def retry_delay_ms(self, failed_runs: int, jitter: float) -> int:
        """Back-off before the next run; `jitter` is a random number from 0 to 1."""
        delay_s = min(self.retry_cap_s, self.retry_base_s * 2.0 ** min(failed_runs - 1, 40))
        return int(1000 * delay_s * (1 - self.retry_jitter * jitter))
