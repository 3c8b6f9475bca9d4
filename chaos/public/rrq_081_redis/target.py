"""RRQ 0.8.1 with the redis-py that pip chooses for it today."""

from chaos.public.queues import public
from chaos.public.rrq_081 import target as rrq_081

TARGET = public(
    rrq_081.__file__,
    name="rrq_081_redis",
    packages=("rrq==0.8.1", "redis[hiredis]==8.1.0"),
    worker="python worker.py",
    again_within_s=rrq_081.TARGET.again_within_s,
    times=rrq_081.TIMES,
    said=rrq_081.said("0.8.1"),
)
