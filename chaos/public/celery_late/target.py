"""celery with a Redis broker, which acknowledges a message when it is done."""

from chaos.public.queues import public

TARGET = public(
    __file__,
    packages=("celery[redis]==5.7.0",),
    worker="celery -A tasks worker --concurrency 4 --without-gossip --without-mingle",
)
