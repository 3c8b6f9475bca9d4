"""celery with a Redis broker, which acknowledges a message when it is done."""

from chaos.public.queues import Known, Said, Times, public

TIMES = Times(
    here={
        "visibility_timeout": 10,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
        "unacked_mutex_expire": 5,
    },
    default={
        "visibility_timeout": 3_600,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 10,
        "unacked_mutex_expire": 300,
    },
    because=(
        "what was taken and not acknowledged within the first is given out again when somebody "
        "looks for it, every second times third seconds, unless somebody who has died was "
        "looking for it within the last"
    ),
    again_within_s=3_750,
)
#: However it acknowledges.
KNOWN = (
    Known(
        parts="crash_points disturbed",
        why=(
            "BRPOP takes a message, and a transaction of its own writes it to `unacked` "
            "(kombu/transport/redis.py, `_brpop_read` and `QoS.append`): in between, it is in "
            "the worker's memory alone."
        ),
        url="https://github.com/celery/celery/issues/7950",
    ),
    Known(
        parts="child_killed deadly crash_points",
        why=(
            "A task whose child process has died is recorded as failed (WorkerLostError) and "
            "acknowledged, unless `task_reject_on_worker_lost` is set."
        ),
        url="https://docs.celeryq.dev/en/latest/userguide/configuration.html#task-reject-on-worker-lost",
    ),
)
TARGET = public(
    __file__,
    packages=("celery[redis]==5.7.0",),
    worker="celery -A tasks worker --concurrency 4 --without-gossip --without-mingle",
    times=TIMES,
    known=(
        *KNOWN,
        Known(
            parts="outlasts stopped",
            why="Nothing renews a message's time while its task runs.",
            url="https://docs.celeryq.dev/en/latest/getting-started/backends-and-brokers/redis.html#visibility-timeout",
        ),
        Known(
            parts="server_restarts connections_closed",
            why=(
                "When a connection is lost, messages that were not acknowledged are given out "
                "again, while their tasks still run."
            ),
            url="https://docs.celeryq.dev/en/latest/userguide/configuration.html#worker-cancel-long-running-tasks-on-connection-loss",
        ),
    ),
    said=(
        Said(
            guarantee="no-loss",
            says=(
                "the task will be redelivered to another worker in the event of the machine "
                "losing power, or the worker instance being killed mid-execution"
            ),
            source="https://docs.celeryq.dev/en/latest/glossary.html",
        ),
        Said(
            says="the task may be executed multiple times should the worker crash",
            source="https://docs.celeryq.dev/en/latest/userguide/tasks.html",
        ),
    ),
)
