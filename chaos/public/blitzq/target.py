"""BlitzQ in its reliable mode: tasks in a stream, with a consumer group."""

from chaos.public.queues import Said, Times, public

_PAGE = "https://github.com/ainest-labs/BlitzQ/blob/main/README.md"

TARGET = public(
    __file__,
    packages=("blitzq==1.1.0", "redis==8.1.0"),
    python=(3, 12),
    worker="blitzq worker tasks:queue --concurrency 4",
    times=Times(
        here={"visibility_timeout": 6},
        default={"visibility_timeout": 60},
        because=(
            "the idle time after which a task of another worker is taken over, in seconds; two "
            "thirds of it are left when a worker is to renew it, and outlast a restart of the "
            "server"
        ),
        again_within_s=95,
    ),
    said=(
        Said(
            guarantee="no-loss",
            says=(
                "Reliable mode is at-least-once; fast mode loses in-flight tasks when a worker "
                "process dies."
            ),
            source=_PAGE,
        ),
        Said(
            says=(
                "In reliable mode a task can run twice, for example when a worker dies after "
                "finishing a task but before its ack reached Redis"
            ),
            source=_PAGE,
        ),
        Said(
            says=(
                "SIGTERM/SIGINT stop fetching, wait up to --shutdown-timeout seconds for running "
                "tasks, then requeue unfinished ones"
            ),
            source=_PAGE,
        ),
    ),
)
