"""BullMQ, on Node.js: jobs in a list, a lock with a TTL for each that runs, and a check for those
whose lock is gone."""

from chaos.public.queues import Said, Times, public

TARGET = public(
    __file__,
    # ioredis is the client that it takes if it is given a URL.
    packages=("bullmq@6.7.0", "ioredis@6.0.0"),
    python=None,
    worker="node worker.mjs",
    enqueue="node enqueue.mjs",
    times=Times(
        here={"lockDuration": 10000, "stalledInterval": 2000},
        default={"lockDuration": 30000, "stalledInterval": 30000},
        because=(
            "a lock that is not renewed ends after the first, which somebody finds out every "
            "second, in ms; a lock's half outlasts a restart of the server"
        ),
        again_within_s=80,
    ),
    said=(
        Said(
            guarantee="no-loss",
            says="At-least-once delivery: every job is delivered to a worker at least once.",
            source="https://docs.bullmq.io/",
        ),
        Said(
            says=(
                "A stalled job is moved back to the waiting status and will be processed again by "
                "another worker, or if it has reached its maximum number of stalls moved to the "
                "failed set."
            ),
            source="https://docs.bullmq.io/guide/workers/stalled-jobs",
        ),
        Said(
            says=(
                "mark the worker as closing so it will not pick up new jobs, and at the same time "
                "it will wait for all the current jobs to be processed (or failed)"
            ),
            source="https://docs.bullmq.io/guide/workers/graceful-shutdown",
        ),
    ),
)
