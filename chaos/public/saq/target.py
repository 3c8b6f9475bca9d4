"""saq: jobs in a list, those that run in another, and a sweep for those that are stuck."""

from chaos.public.queues import public

TARGET = public(
    __file__,
    packages=("saq[hiredis,redis]==0.26.4", "typing-extensions==4.16.0"),
    worker="saq worker.settings",
)
