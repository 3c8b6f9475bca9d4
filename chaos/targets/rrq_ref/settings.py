"""The reference's settings in a run. Its workers need no more of this package, so it is light:
a run starts many of them."""

from __future__ import annotations

from chaos.targets import WorkerSettings
from rrq_ref import Settings

_RETRY_CAP_S = 1.0


def settings_of(url: str, settings: WorkerSettings, queues: tuple[str, ...] = ()) -> Settings:
    """The reference's settings for a run, or for a worker that serves these queues."""
    return Settings(
        redis_url=url,
        queues=queues or settings.queues,
        concurrency=settings.concurrency,
        lock_ttl_ms=settings.lock_ttl_ms,
        poll_max_ms=settings.poll_max_ms,
        command_timeout_ms=settings.lock_ttl_ms,
        heartbeat_interval_ms=settings.health_interval_ms,
        heartbeat_slack_ms=settings.health_slack_ms,
        drain_timeout_s=settings.grace_s,
        cleanup_timeout_s=settings.cleanup_s,
        hung_after_s=settings.hung_after_s,
        max_crashes=settings.max_crashes,
        retry_base_s=settings.retry_base_s,
        retry_cap_s=_RETRY_CAP_S,
        durability=settings.acknowledge,
    )


def back_off_ms(settings: WorkerSettings) -> tuple[int, int]:
    """The usual delay before a first retry, and the longest."""
    return round(1000 * settings.retry_base_s), round(1000 * _RETRY_CAP_S)
