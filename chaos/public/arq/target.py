"""arq: jobs in a sorted set, a lock with a TTL for each that runs."""

from chaos.public.queues import Said, Times, public

TARGET = public(
    __file__,
    packages=("arq==0.28.0", "redis[hiredis]==5.3.1"),
    worker="arq worker.Settings",
    times=Times(
        here={"job_timeout": 5},
        default={"job_timeout": 300},
        because="a job's lock lives as long as its time-out and 10 s more",
        again_within_s=330,
    ),
    said=(
        Said(
            guarantee="no-loss",
            says="jobs aren't removed from the queue until they've either succeeded or failed",
            source="https://arq-docs.helpmanual.io/",
        ),
        Said(says="Jobs may be called more than once!", source="https://arq-docs.helpmanual.io/"),
    ),
)
