"""huey: jobs in a list, from which a consumer pops them."""

from chaos.public.queues import Known, Said, public

TARGET = public(
    __file__,
    packages=("huey==3.5.4", "redis==8.1.0"),
    worker="huey_consumer tasks.huey -w 4",
    # It never is.
    again_within_s=5,
    known=(
        Known(
            parts="killed child_killed crash_points disturbed deadly",
            why="A task that was popped is nowhere else until it is done.",
            url="https://github.com/coleifer/huey/issues/559",
        ),
        Known(
            parts="leaving",
            why="SIGTERM interrupts what runs; SIGINT is the signal that lets it end.",
            url="https://github.com/coleifer/huey/issues/796",
        ),
    ),
    said=(
        Said(
            says=(
                "Huey does not guarantee at-least-once delivery of messages, and does not do "
                "acknowledgement of completed tasks."
            ),
            source="https://huey.readthedocs.io/en/latest/consumer.html",
        ),
    ),
)
