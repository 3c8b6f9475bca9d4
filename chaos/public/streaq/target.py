"""streaq: jobs in streams, with a consumer group."""

from chaos.public.queues import Said, public

TARGET = public(
    __file__,
    packages=("streaq==7.2.0",),
    worker="streaq run tasks:worker",
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
