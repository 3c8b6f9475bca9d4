"""dramatiq: messages in a list, those that run in a set for each worker."""

from chaos.public.queues import Said, public

TARGET = public(
    __file__,
    packages=("dramatiq[redis]==2.2.1",),
    worker="dramatiq tasks --processes 1 --threads 4",
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
