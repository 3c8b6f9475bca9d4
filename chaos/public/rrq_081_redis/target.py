"""RRQ 0.8.1 with the redis-py that pip chooses for it today."""

from chaos.public.queues import public, said_by
from chaos.public.rrq_081.target import TARGET as RRQ_081

TARGET = public(
    __file__,
    packages=("rrq==0.8.1", "redis[hiredis]==8.1.0"),
    worker="python worker.py",
    again_within_s=RRQ_081.again_within_s,
    said=said_by(RRQ_081.name),
)
