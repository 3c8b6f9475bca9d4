"""Bugs in how a job's life goes on and ends, where several things come together."""

from __future__ import annotations

from chaos.planted.bugs.bug import Bug
from chaos.planted.edit import Edit

BUGS = (
    Bug(
        name="requeue_keeps_the_crashes",
        sentence="a job that is requeued from the dead-letter queue still counts its crashes",
        edits=(
            Edit(
                "lua/requeue_dlq.lua",
                "redis.call('HDEL', job, 'crashes', 'charged', ",
                "redis.call('HDEL', job, 'charged', ",
            ),
        ),
        scenario="sweep",
        anomaly="wrong-end",
        options=("--life", "dlq-requeue-poison", "--fault", "kill"),
    ),
    Bug(
        name="cancelled_while_retrying_is_listed_as_dead",
        sentence="a waiting job that is cancelled is put into the dead-letter queue",
        edits=(
            Edit(
                "lua/cancel.lua",
                "redis.call('ZREM', queue, id)\n",
                "redis.call('ZREM', queue, id)\n"
                "redis.call('LPUSH', 'rrq:dlq:' .. queue:sub(#queue_prefix + 1), id)\n",
            ),
        ),
        scenario="sweep",
        anomaly="wrong-end",
        options=("--life", "cancelled-retrying", "--fault", "kill"),
    ),
    Bug(
        name="queues_in_the_order_of_their_names",
        sentence="a worker serves its queues by name, and not in the order that it was given",
        edits=(
            Edit(
                "store.py",
                "self._keys = [[key(name) for key in kinds] for name in settings.queues]",
                "self._keys = [[key(name) for key in kinds] for name in sorted(settings.queues)]",
            ),
            Edit(
                "store.py",
                "self._locks = [keys.locks(name) for name in settings.queues]",
                "self._locks = [keys.locks(name) for name in sorted(settings.queues)]",
            ),
        ),
        scenario="sweep",
        anomaly="wrong-order",
        options=("--life", "two-queues", "--fault", "kill"),
    ),
    Bug(
        name="lowest_priority_first",
        sentence="a claim looks at the queue of the lowest priority first",
        edits=(
            Edit(
                "lua/lock_and_pop.lua",
                "for q = 1, (#KEYS - 1) / 4 do\n",
                "for q = (#KEYS - 1) / 4, 1, -1 do\n",
            ),
        ),
        scenario="sweep",
        anomaly="wrong-order",
        options=("--life", "two-queues", "--fault", "kill"),
    ),
)
