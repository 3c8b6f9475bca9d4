"""dramatiq: messages in a list, those that run in a set for each worker."""

from chaos.public.queues import Known, Said, Times, public

TARGET = public(
    __file__,
    packages=("dramatiq[redis]==2.2.1",),
    worker="dramatiq tasks --processes 1 --threads 4",
    times=Times(
        here={"heartbeat_timeout": 5_000, "maintenance_chance": 1_000_000},
        default={"heartbeat_timeout": 60_000, "maintenance_chance": 1_000},
        because=(
            "a worker that is silent for the first, in ms, is taken for dead when somebody looks, "
            "which the second of a million commands do; so by default it is a matter of luck, and "
            "an idle queue has few commands"
        ),
        again_within_s=1200,
    ),
    known=(
        Known(
            parts="disturbed",
            why=(
                "A retry that cannot be enqueued is logged and forgotten: `Broker.emit_after` goes "
                "on after an error of the middleware Retries, and the message is acknowledged "
                "(dramatiq/broker.py, dramatiq/middleware/retries.py)."
            ),
        ),
        Known(
            parts="deadly",
            why="Nobody counts how often a message was given out again.",
            url="https://github.com/Bogdanp/dramatiq/pull/383",
        ),
    ),
    said=(
        Said(
            guarantee="no-loss",
            says=(
                "Messages are only ever acknowledged to (removed from) the broker after they "
                "have been successfully processed."
            ),
            source="https://dramatiq.io/advanced.html",
        ),
        Said(
            says=(
                "Dramatiq actors may receive the same message multiple times in the event of a "
                "worker failure"
            ),
            source="https://dramatiq.io/best_practices.html",
        ),
    ),
)
