"""A hundred worker processes start at once on one queue, and then half of them are killed.

One fleet forks them all. They compete for the same few jobs, and the server has all of their
connections. When every second worker is killed (SIGKILL), the fleet has to start as many again
while locks expire. Each job must run once, and the jobs of the dead must be started again in time.
"""

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets import WorkerSettings

#: Each worker holds one such job when the kills come.
HELD_MS = 4_000


def play(rig: Rig) -> None:
    rig.enqueue([rig.job() for _ in range(rig.setup.jobs)])
    fleet = rig.workers.fleet()
    rig.wait("all of them there", lambda: len(fleet.living_children()) == rig.setup.workers)
    held = [rig.job({"do": "ok", "ms": HELD_MS}) for _ in range(rig.setup.workers)]
    rig.enqueue(held)
    rig.wait("all of them at work", fleet.started, *(job.own_id for job in held))
    living = sorted(child.pid for child in fleet.living_children())
    victims = rig.random.sample(living, len(living) // 2)
    for pid in victims:
        rig.workers.hit(fleet, pid, "kill")
    rig.progress.say(f"{len(victims)} of {len(living)} workers killed")
    whole = len(living) + len(victims)
    rig.allow(60.0, lambda: len(fleet.children) >= whole)


SCENARIO = Scenario(
    name="many_workers",
    story=__doc__,
    guarantees=("no-loss", "recovery", "one-commit", "effects-once"),
    play=play,
    needs=("fleet",),
    workers=100,
    jobs=200,
    # So many processes share the machine: everything takes its time.
    settings=WorkerSettings(
        concurrency=1,
        lock_ttl_ms=3_000,
        poll_max_ms=1_000,
        health_interval_ms=2_000,
        health_slack_ms=8_000,
        grace_s=5.0,
    ),
    recovery_slack_ms=6_000,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
