"""celery with a Redis broker, which acknowledges a message when it takes it, as is its default."""

from chaos.public.queues import Known, Said, Times, public

TARGET = public(
    __file__,
    packages=("celery[redis]==5.7.0",),
    worker="celery -A tasks worker --concurrency 4 --without-gossip --without-mingle",
    # What was taken in advance comes back; what has been begun does not.
    again_within_s=10,
    times=Times(
        here={
            "visibility_timeout": 5,
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
    ),
    known=(
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
    ),
    said=(
        Said(
            guarantee="one-commit",
            says="a task invocation that already started is never executed again",
            source="https://docs.celeryq.dev/en/latest/userguide/tasks.html",
        ),
        Said(
            says=(
                "the task won't be redelivered to another worker if the machine loses power, or "
                "the worker instance is abruptly killed, mid-execution"
            ),
            source="https://docs.celeryq.dev/en/latest/glossary.html",
        ),
    ),
)
