"""dramatiq: messages in a list, those that run in a set for each worker."""

from chaos.public.queues import public

TARGET = public(
    __file__,
    packages=("dramatiq[redis]==2.2.1",),
    worker="dramatiq tasks --processes 1 --threads 4",
)
