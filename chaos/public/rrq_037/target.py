"""RRQ 0.3.7: one command locks a job, and another one takes it off the queue."""

from chaos.public.queues import Said, public

TARGET = public(
    __file__,
    packages=("rrq==0.3.7", "redis[hiredis]==5.3.1"),
    worker="python worker.py",
    # After 6 s, when the lock is over; but only if the job had not left the queue yet.
    again_within_s=15,
    said=(
        # No guarantee: the next sentence takes it back where it matters here.
        Said(
            says="It focuses on providing at-least-once job processing semantics",
            source="https://pypi.org/project/rrq/0.3.7/",
        ),
        Said(
            says=(
                "If a worker crashes or shuts down mid-processing, the lock expires, and the job "
                "should be re-processed (though re-queueing on unclean shutdown isn't implemented "
                "here yet - graceful shutdown does re-queue)."
            ),
            source="https://pypi.org/project/rrq/0.3.7/",
        ),
        Said(
            guarantee="exclusive",
            says="Uses Redis locks to ensure a job is processed by only one worker at a time.",
            source="https://pypi.org/project/rrq/0.3.7/",
        ),
        Said(
            guarantee="drain",
            says=(
                "Workers listen for SIGINT/SIGTERM and attempt to finish active jobs within a "
                "grace period before exiting. Interrupted jobs are re-queued."
            ),
            source="https://pypi.org/project/rrq/0.3.7/",
        ),
    ),
)
