"""How the reference is set up in a run. All that its workers need of this package, so it is light:
a run starts many of them."""

from __future__ import annotations

from chaos.targets.target import Knobs
from rrq_ref import Settings

#: The list that jobs push to in their commit.
EFFECTS = "chaos:effects"


def settings_of(url: str, knobs: Knobs) -> Settings:
    """The reference's settings for a run."""
    return Settings(
        redis_url=url,
        queues=(knobs.queue,),
        concurrency=knobs.concurrency,
        lock_ttl_ms=knobs.lock_ttl_ms,
        poll_max_ms=knobs.poll_max_ms,
        command_timeout_ms=knobs.lock_ttl_ms,
        heartbeat_interval_ms=knobs.health_interval_ms,
        heartbeat_slack_ms=knobs.health_slack_ms,
        drain_timeout_s=knobs.grace_s,
        cleanup_timeout_s=knobs.cleanup_s,
        max_crashes=knobs.max_crashes,
        retry_base_s=knobs.retry_base_s,
        retry_cap_s=1.0,
        durability=knobs.durability,
    )
