"""taskiq with taskiq-redis: messages in a stream."""

from chaos.public.queues import public

TARGET = public(
    __file__,
    packages=("taskiq==0.13.0", "taskiq-redis==1.2.4"),
    worker="taskiq worker tasks:broker --workers 1",
)
