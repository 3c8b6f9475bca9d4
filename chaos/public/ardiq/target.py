"""ArdiQ, with a core in Rust: tasks in a stream, with a consumer group."""

from chaos.public.queues import Said, Times, public

_PAGE = "https://github.com/17tayyy/ardiq/blob/main/README.md"

TARGET = public(
    __file__,
    packages=("ardiq==1.2.0",),
    python=(3, 12),
    # `ardiq run` would not look for the module here.
    worker="python -m ardiq run tasks:app",
    times=Times(
        here={"idle_timeout_ms": 6000},
        default={"idle_timeout_ms": 60000},
        because=(
            "the idle time after which a task of another worker is taken over; one that lives "
            "renews it when nine tenths are over, so a tenth has to outlast what delays it on a "
            "busy machine"
        ),
        again_within_s=90,
    ),
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
