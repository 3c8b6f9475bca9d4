"""arq: jobs in a sorted set, a lock with a TTL for each that runs."""

from chaos.public.queues import Said, public

TARGET = public(
    __file__,
    packages=("arq==0.28.0", "redis[hiredis]==5.3.1"),
    worker="arq worker.Settings",
    # By default 300: a dead worker's job would come back after 310 s.
    env={"TIMEOUT_S": "5"},
    said=(
        Said(
            guarantee="no-loss",
            says="jobs aren't removed from the queue until they've either succeeded or failed",
            source="https://arq-docs.helpmanual.io/",
        ),
        Said(says="Jobs may be called more than once!", source="https://arq-docs.helpmanual.io/"),
    ),
)
