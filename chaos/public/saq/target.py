"""saq: jobs in a list, those that run in another, and a sweep for those that are stuck."""

from chaos.public.queues import Known, Said, Times, public

TARGET = public(
    __file__,
    packages=("saq[hiredis,redis]==0.26.4", "typing-extensions==4.16.0"),
    worker="saq worker.settings",
    times=Times(
        here={"sweep": 1, "heartbeat": 10, "timeout": 0},
        default={"sweep": 60, "heartbeat": 0, "timeout": 10},
        because=(
            "a job whose handler has not updated it for so long (0: it need not), or beyond its "
            "time-out (0: it has none), is stuck; somebody looks for those every sweep"
        ),
        again_within_s=90,
    ),
    known=(
        Known(
            parts="stopped disturbed",
            why="The connection of a worker that stands still goes on waiting, and is given jobs.",
            url="https://github.com/tobymao/saq/issues/118",
        ),
        Known(
            parts="killed",
            why="A job without a heartbeat is found when its time-out is over.",
            url="https://github.com/tobymao/saq/issues/127",
        ),
    ),
    said=(
        Said(
            says="Heartbeat monitor for abandoned jobs",
            source="https://github.com/tobymao/saq/blob/master/README.md",
        ),
    ),
)
