"""rq: jobs in a list, a process for each that runs."""

from chaos.public.queues import Said, public

TARGET = public(
    __file__,
    packages=("rq==3.0.0", "redis==8.1.0"),
    worker="rq worker --url {url}",
    said=(
        Said(
            guarantee="no-loss",
            says=(
                "If the worker gets killed while a job is running, it will eventually end up in "
                "FailedJobRegistry"
            ),
            source="https://python-rq.org/docs/results/",
        ),
    ),
)
