"""The reference's final state in Redis, as the rig reads it."""

from __future__ import annotations

import threading

from redis import Redis

from chaos.targets import WorkerSettings
from chaos.targets.rrq_ref.final import RrqInspector
from rrq_ref import keys

_MOVE = """
for _, names in ipairs({{1, 2}, {2, 1}}) do
  if redis.call('ZREM', KEYS[names[1]], 'a') == 1 then
    return redis.call('ZADD', KEYS[names[2]], 0, 'a')
  end
end
"""


def test_a_job_that_is_handed_back_meanwhile_is_never_overlooked(url: str, admin: Redis) -> None:
    names = keys.queue("chaos"), keys.locks("chaos")
    admin.zadd(names[0], {"a": 0})
    over = threading.Event()

    def move() -> None:
        while not over.is_set():
            admin.eval(_MOVE, 2, *names)

    mover = threading.Thread(target=move)
    mover.start()
    inspector = RrqInspector(url, WorkerSettings())
    try:
        assert {inspector.backlog() for _ in range(2_000)} == {1}
    finally:
        over.set()
        mover.join()
        inspector.close()
        admin.delete(*names)
