"""docket: tasks in a stream, with a consumer group."""

from chaos.public.queues import Said, Times, public

TARGET = public(
    __file__,
    packages=("pydocket==0.27.0",),
    worker=(
        # `docket worker` would not look for the module here.
        "python -m docket worker --docket chaos --url {url} --tasks tasks:TASKS --concurrency 4"
        " {times}"
    ),
    times=Times(
        here={"redelivery-timeout": 3},
        default={"redelivery-timeout": 300},
        because="the idle time after which a task of another worker is taken over, in seconds",
        again_within_s=330,
    ),
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
