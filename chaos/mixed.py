"""A storm of all faults at once, drawn from the seed, and then calm.

Workers are killed and replaced, paused, cut off, disconnected, and told to leave by every signal,
some of them twice; beside single ones there is a fleet, which has to replace its own. Replies are
lost, and commands are delayed or answered with errors. The server is restarted, killed, stopped,
starved of memory, made read-only, and robbed of its scripts and connections. All of it happens
under a load of jobs from the whole space of jobs, some of which kill their worker; two workers
serve all queues, each in another order, and others one queue only. The same seed plans the same
faults at the same times (`storm.json` in the run directory lists them); whom they hit depends on
the processes. After the storm, everything must heal by itself.

With `--runs`, each plan prefers the moments at which its kinds of faults have not landed in the
plans before it.
"""

from dataclasses import replace

from chaos.rig.rig import Rig
from chaos.rig.scenario import Parameter, Scenario
from chaos.rig.storm import Storm
from chaos.targets import WorkerSettings

#: Of the worker that differs from the others.
CONCURRENCY = (1, 2, 10, 100)


def play(rig: Rig) -> None:
    parameters = rig.setup.parameters
    storm = Storm(rig, float(parameters["seconds"]), int(parameters["after"]))
    rig.workers.start_all()
    settings = rig.setup.settings
    other = replace(settings, concurrency=rig.random.choice(CONCURRENCY))
    rig.workers.start(queues=settings.queues[:1], settings=other)
    if rig.setup.target.fleet is not None:
        rig.workers.fleet(workers=2)
    rig.enqueue([rig.job({"do": "fail", "times": 2}) for _ in range(rig.setup.jobs)])
    rig.enqueue([rig.job({"do": "ok", "ms": 1_500}) for _ in range(rig.setup.workers)])
    with rig.load(crashes=True):
        storm.rage()
    rig.wire.call_off()
    rig.everyone_works()
    rig.calm()


SCENARIO = Scenario(
    name="mixed",
    story=__doc__,
    guarantees=("no-loss", "one-commit", "effects-once", "retry-once", "alive"),
    play=play,
    workers=3,
    jobs=10,
    # So many crashes in a row are the storm's doing and not the job's.
    settings=WorkerSettings(lock_ttl_ms=1_000, max_crashes=100),
    durability="always",
    owns_server=True,
    parameters=(
        Parameter(name="seconds", help="Length of the storm.", default=6.0),
        Parameter(
            name="after", help="Avoid the plans of so many seeds before this one.", default=0
        ),
    ),
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
