"""docket: tasks in a stream, with a consumer group."""

from chaos.public.queues import Said, public

TARGET = public(
    __file__,
    packages=("pydocket==0.27.0",),
    worker="python worker.py",
    said=(
        Said(
            guarantee="no-loss",
            says="Docket provides at-least-once delivery semantics",
            source="https://docket.lol/en/latest/getting-started/",
        ),
        Said(
            says="tasks may be delivered more than once if workers crash",
            source="https://docket.lol/en/latest/getting-started/",
        ),
    ),
)
