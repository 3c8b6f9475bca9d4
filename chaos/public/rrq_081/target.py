"""RRQ 0.8.1: a script locks a job and takes it off the queue."""

from chaos.public.queues import Said, Times, public


def said(release: str) -> tuple[Said, ...]:
    """What the page of a release says; those before the one in Rust say the same."""
    source = f"https://pypi.org/project/rrq/{release}/"
    return (
        # No guarantee: the next sentence takes it back where it matters here.
        Said(says="It focuses on providing at-least-once job processing semantics", source=source),
        Said(
            says=(
                "If a worker crashes or shuts down mid-processing, the lock expires, and the job "
                "should be re-processed (though re-queueing on unclean shutdown isn't implemented "
                "here yet - graceful shutdown does re-queue)."
            ),
            source=source,
        ),
        Said(
            guarantee="exclusive",
            says="Uses Redis locks to ensure a job is processed by only one worker at a time.",
            source=source,
        ),
        Said(
            guarantee="drain",
            says=(
                "Workers listen for SIGINT/SIGTERM and attempt to finish active jobs within a "
                "grace period before exiting. Interrupted jobs are re-queued."
            ),
            source=source,
        ),
    )


TIMES = Times(
    here={"default_job_timeout_seconds": 5, "default_lock_timeout_extension_seconds": 1},
    default={"default_job_timeout_seconds": 300, "default_lock_timeout_extension_seconds": 60},
    because="a job's lock lives as long as both together",
)
TARGET = public(
    __file__,
    packages=("rrq==0.8.1", "redis[hiredis]==5.3.1"),
    worker="python worker.py",
    # It never is: a lock that ends is no reason for anybody to look for its job.
    again_within_s=15,
    times=TIMES,
    said=said("0.8.1"),
)
