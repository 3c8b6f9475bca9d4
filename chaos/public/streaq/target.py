"""streaq: jobs in streams, with a consumer group."""

from chaos.public.queues import Said, Times, public

TARGET = public(
    __file__,
    packages=("streaq==7.2.0",),
    worker="streaq run tasks:worker",
    times=Times(
        here={"idle_timeout": 3},
        default={"idle_timeout": 60},
        because="the idle time after which a task of another worker is taken over, in seconds",
        again_within_s=90,
    ),
    said=(
        Said(
            guarantee="no-loss",
            says=(
                "\"at-least-once\": tasks aren't removed from the queue until they've either "
                "succeeded or failed."
            ),
            source="https://streaq.readthedocs.io/en/latest/task.html",
        ),
    ),
)
