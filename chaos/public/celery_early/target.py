"""celery with a Redis broker, which acknowledges a message when it takes it, as is its default."""

from dataclasses import replace

from chaos.public.celery_late import target as late
from chaos.public.queues import Said, public

TARGET = public(
    late.__file__,
    name="celery_early",
    packages=late.TARGET.pinned,
    worker="celery -A early worker --concurrency 4 --without-gossip --without-mingle",
    # What was taken in advance comes back; what has been begun does not.
    again_within_s=10,
    times=replace(
        late.TIMES, here={**late.TIMES.here, "visibility_timeout": 5}, again_within_s=None
    ),
    known=late.KNOWN,
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
