"""RRQ 0.11.1, in Rust: an orchestrator takes jobs, and a runner of its own runs them."""

from chaos.public.queues import Said, public

TARGET = public(
    __file__,
    packages=("rrq==0.11.1",),
    worker="python worker.py",
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
