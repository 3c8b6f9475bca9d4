"""The server has no memory left, under load and for longer than locks live; then it has again.

With `--policy noeviction` it refuses every command that needs memory: enqueues, claims, renewals,
completions. A script that it refused half-way would tear a transition in two. Nothing that was
acknowledged may be lost, and work must go on when there is memory again. With `volatile-lru` it
evicts keys that would expire anyway (results, health keys, records of claims), and that must do no
harm. With `allkeys-lru` it throws away jobs and queues. No queue survives that, and the verdict
has to say what was lost.
"""

from chaos.rig.rig import Rig
from chaos.rig.scenario import Parameter, Scenario
from chaos.targets import WorkerSettings

SETTINGS = WorkerSettings(lock_ttl_ms=1_000)
#: The share of its memory that an evicting server may keep.
KEPT = 0.98


def play(rig: Rig) -> None:
    rig.workers.start_all()
    with rig.load():
        for starved_s in (0.4, 1.7):
            rig.enqueue([rig.job({"do": "ok", "ms": 300}) for _ in range(rig.setup.jobs)])
            rig.let_work(0.5)
            policy = str(rig.setup.parameters["policy"])
            with rig.redis.during("server-fill", policy=policy, kept=KEPT):
                rig.let_work(starved_s)
        rig.let_work(0.5)
    rig.everyone_works()


SCENARIO = Scenario(
    name="out_of_memory",
    story=__doc__,
    guarantees=("no-loss", "effects-once", "retry-once", "quiescent", "alive"),
    play=play,
    jobs=40,
    settings=SETTINGS,
    owns_server=True,
    parameters=(
        Parameter(
            name="policy",
            help="What the server does without memory (maxmemory-policy).",
            default="noeviction",
            choices=("noeviction", "volatile-lru", "allkeys-lru"),
        ),
    ),
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
