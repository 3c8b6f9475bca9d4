"""celery with a Redis broker, which acknowledges a message when it is done."""

from chaos.public.queues import Said, public

TARGET = public(
    __file__,
    packages=("celery[redis]==5.7.0",),
    worker="celery -A tasks worker --concurrency 4 --without-gossip --without-mingle",
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
