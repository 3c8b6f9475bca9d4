"""arq: jobs in a sorted set, a lock with a TTL for each that runs."""

from chaos.public.queues import Known, Said, Times, public

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
    known=(
        Known(
            parts="server_restarts",
            why="An error of a connection ends a worker, which is left to a supervisor.",
            url="https://github.com/python-arq/arq/issues/9",
        ),
        Known(
            parts="stopped disturbed",
            why=(
                "The key that marks a job as taken has no owner, and a worker that ends a job does "
                "not look at it (arq/worker.py, `finish_job`)."
            ),
        ),
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
