"""RRQ 0.3.7, with the programs of 0.8.1: one command locks a job, and another one takes it off the
queue."""

from chaos.public.queues import public
from chaos.public.rrq_081 import target as later

TARGET = public(
    later.__file__,
    name="rrq_037",
    packages=("rrq==0.3.7", "redis[hiredis]==5.3.1"),
    worker="python worker.py",
    # After 6 s, when the lock is over; but only if the job had not left the queue yet.
    again_within_s=15,
    times=later.TIMES,
    said=later.said("0.3.7"),
)
