"""celery with a Redis broker, which acknowledges a message when it takes it, as is its default."""

from chaos.public.queues import Said, public

TARGET = public(
    __file__,
    packages=("celery[redis]==5.7.0",),
    worker="celery -A tasks worker --concurrency 4 --without-gossip --without-mingle",
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
