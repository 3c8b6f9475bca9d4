"""saq: jobs in a list, those that run in another, and a sweep for those that are stuck."""

from chaos.public.queues import Said, public

TARGET = public(
    __file__,
    packages=("saq[hiredis,redis]==0.26.4", "typing-extensions==4.16.0"),
    worker="saq worker.settings",
    said=(
        Said(
            says="Heartbeat monitor for abandoned jobs",
            source="https://github.com/tobymao/saq/blob/master/README.md",
        ),
    ),
)
