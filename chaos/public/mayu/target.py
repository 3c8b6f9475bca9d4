"""mayu, with a core in Rust: tasks in a stream, with a consumer group."""

from chaos.public.queues import Said, Times, public

_PAGE = "https://github.com/Siddid-Soni/mayu/blob/main/README.md"

TARGET = public(
    __file__,
    packages=("mayu==0.2.5",),
    python=(3, 13),
    worker=(
        # Its threads, which a Python with a GIL has only on demand.
        "mayu worker tasks:app --mode thread --threads 4 {times}"
    ),
    times=Times(
        here={"visibility-timeout": 8, "heartbeat-interval": 2},
        default={"visibility-timeout": 30, "heartbeat-interval": 5},
        because=(
            "the idle time after which a task of another worker is taken over, and how often it "
            "is renewed, in seconds; half of it is left then, and outlasts a restart of the "
            "server"
        ),
        again_within_s=60,
    ),
    said=(
        Said(
            guarantee="no-loss",
            says=(
                "a task is acknowledged only after it finishes, so a crash means the task runs "
                "again, never that it is lost"
            ),
            source=_PAGE,
        ),
        Said(
            says=(
                "Redis restarts are survived: connections reconnect, and outcomes produced while "
                "Redis is down are recorded when it returns."
            ),
            source=_PAGE,
        ),
    ),
)
