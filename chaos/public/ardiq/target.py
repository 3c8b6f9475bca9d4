"""ArdiQ, with a core in Rust: tasks in a stream, with a consumer group."""

from chaos.public.queues import Said, public

_PAGE = "https://github.com/17tayyy/ardiq/blob/main/README.md"

TARGET = public(
    __file__,
    packages=("ardiq==1.2.0",),
    python=(3, 12),
    # `ardiq run` would not look for the module here.
    worker="python -m ardiq run tasks:app",
    said=(
        Said(
            guarantee="no-loss",
            says=(
                "a task is acknowledged only after it terminates, so in-flight work on a dead "
                "worker is reclaimed (XAUTOCLAIM) and rerun, never dropped"
            ),
            source=_PAGE,
        ),
        Said(
            says=(
                "on SIGTERM a worker finishes what it is running and hands prefetched tasks "
                "straight back"
            ),
            source=_PAGE,
        ),
    ),
)
