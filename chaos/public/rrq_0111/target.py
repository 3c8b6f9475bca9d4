"""RRQ 0.11.1, in Rust: an orchestrator takes jobs, and a runner of its own runs them."""

from chaos.public.queues import Said, Times, public

TARGET = public(
    __file__,
    packages=("rrq==0.11.1",),
    worker="python worker.py",
    times=Times(
        here={
            "default_job_timeout_seconds": 5,
            "default_lock_timeout_extension_seconds": 1,
            "worker_health_check_interval_seconds": 1,
            "worker_health_check_ttl_buffer_seconds": 1,
        },
        default={
            "default_job_timeout_seconds": 300,
            "default_lock_timeout_extension_seconds": 60,
            "worker_health_check_interval_seconds": 60,
            "worker_health_check_ttl_buffer_seconds": 10,
        },
        because=(
            "a job's lock lives as long as the first two together; once it is over, and its "
            "worker's health record too, which lives as long as the other two, another worker's "
            "next heartbeat hands the job back"
        ),
        again_within_s=540,
    ),
    said=(
        Said(
            says=(
                "Jobs, queues, locks, and results all live in Redis with atomic operations and "
                "predictable semantics."
            ),
            source="https://pypi.org/project/rrq/0.11.1/",
        ),
        Said(
            says=(
                "The hard parts (scheduling, retries, locking, timeouts) are handled by a "
                "single-binary Rust process."
            ),
            source="https://pypi.org/project/rrq/0.11.1/",
        ),
    ),
)
