"""taskiq with taskiq-redis: messages in a list."""

from chaos.public.queues import Known, Said, public

TARGET = public(
    __file__,
    packages=("taskiq==0.13.0", "taskiq-redis==1.2.4"),
    worker="taskiq worker tasks:broker --workers 1",
    # It never is.
    again_within_s=5,
    known=(
        Known(
            parts="server_restarts connections_closed server_read_only",
            why=(
                "An error of its connection ends the process that listens, with all that it runs; "
                "the process manager starts another one."
            ),
        ),
        Known(
            parts="outlasts",
            why=(
                "redis-py 8, which an installation of today gets, reads with a time-out of 5 s by "
                "default, and BRPOP in an idle queue waits for longer: that is such an error, so a "
                "process that has nothing else to do ends every few seconds."
            ),
        ),
    ),
    said=(
        Said(
            says=(
                "This broker doesn't support acknowledgements. If during message processing "
                "Worker was suddenly killed the message is going to be lost."
            ),
            source="https://github.com/taskiq-python/taskiq-redis/blob/main/README.md",
        ),
    ),
)
