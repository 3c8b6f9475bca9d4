"""celery with a Redis broker, which acknowledges a message when it takes it, as is its default."""

from chaos.public.queues import Said, Times, public

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
