"""huey: jobs in a list, from which a consumer pops them."""

from chaos.public.queues import Said, public

TARGET = public(
    __file__,
    packages=("huey==3.5.4", "redis==8.1.0"),
    worker="huey_consumer tasks.huey -w 4",
    # It never is.
    again_within_s=5,
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
