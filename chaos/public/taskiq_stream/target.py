"""taskiq with taskiq-redis: messages in a stream."""

from chaos.public.queues import Known, Said, Times, public

TARGET = public(
    __file__,
    packages=("taskiq==0.13.0", "taskiq-redis==1.2.4"),
    worker="taskiq worker tasks:broker --workers 1",
    times=Times(
        here={"idle_timeout": 10_000},
        default={"idle_timeout": 600_000},
        because=(
            "the idle time after which a message of another worker is taken over, in ms; nothing "
            "renews it"
        ),
        again_within_s=660,
    ),
    known=(
        Known(
            parts="killed child_killed crash_points disturbed killed_by_default",
            why=(
                "Messages of other workers are looked for only after a new one has come "
                "(taskiq_redis/redis_broker.py, `listen`): in a queue that is idle they wait."
            ),
            url="https://github.com/taskiq-python/taskiq-redis/pull/129",
        ),
    ),
    said=(
        Said(
            guarantee="no-loss",
            says=(
                "This broker supports acknowledgements and therefore is fine to use in cases "
                "when data durability is required."
            ),
            source="https://github.com/taskiq-python/taskiq-redis/blob/main/README.md",
        ),
    ),
)
