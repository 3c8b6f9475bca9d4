"""rq: jobs in a list, a process for each that runs."""

from chaos.public.queues import Said, Times, public

TARGET = public(
    __file__,
    packages=("rq==3.0.0", "redis==8.1.0"),
    worker="rq worker --url {url} {times}",
    # A minute is fixed, and one that was taken and not begun may take two.
    again_within_s=140,
    times=Times(
        here={"maintenance-interval": 1, "job-monitoring-interval": 1, "worker-ttl": 20},
        default={"maintenance-interval": 600, "job-monitoring-interval": 30, "worker-ttl": 420},
        because=(
            "a job is abandoned when nobody has monitored it for the second and 60 s; a worker "
            "finds out at its maintenance, for which it has time after a job, or when it has "
            "waited for one for the third less 15 s"
        ),
        again_within_s=900,
    ),
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
