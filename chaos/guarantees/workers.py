"""Workers use no more and more, show themselves, and live or are replaced."""

from __future__ import annotations

from chaos.evidence import Evidence
from chaos.guarantees.guarantee import Anomaly, Guarantee

GUARANTEES = (
    Guarantee(
        id="steady",
        sentence="a process uses no more the longer it works, and asks little while there is "
        "nothing to do",
        anomalies=(
            Anomaly(
                id="leak",
                meaning="The memory, descriptors, connections, threads or tasks of a process grew "
                "as long as it worked.",
                examines="what each process used, if it was looked at long enough",
                bad="after a quarter of its time a worker has 9 connections, after half 30, in "
                "the end 60",
                near_miss="it has 60 after half of its time, and in the end",
            ),
            Anomaly(
                id="hammering",
                needs=((Evidence.WIRE,),),
                meaning="A worker without anything to do sent one command after the other.",
                examines="every second in which a process of the target changed nothing and no "
                "job came",
                bad="900 commands in a second, while the server refuses them",
                near_miss="900 commands in a second, by which it claims and completes jobs",
            ),
        ),
    ),
    Guarantee(
        id="visible",
        sentence="a live worker has a health key, a dead one loses it within its TTL; "
        "losing the key alone loses no job",
        anomalies=(
            Anomaly(
                id="ghost-worker",
                needs=((Evidence.HEALTH,),),
                meaning="A dead worker was still shown as alive after its health key should "
                "have expired.",
                examines="every look at the health key of a worker that had been dead for longer "
                "than the key may live, by more than a second",
                bad="dead for 4.1 s with a health TTL of 3 s, and the key is still there",
                near_miss="the key is still there 3.9 s after the death",
            ),
            Anomaly(
                id="unseen-worker",
                needs=((Evidence.HEALTH,),),
                meaning="A live, undisturbed worker had no health key.",
                examines="every look at the health key of a live worker that had been ready for a "
                "health interval and a second, and that no fault had touched for a health TTL more",
                bad="ready for 20 s, and no key",
                near_miss="no key, but it had been paused a second before",
            ),
        ),
    ),
    Guarantee(
        id="alive",
        sentence="a worker that nobody ended lives, and takes jobs again once faults have stopped",
        anomalies=(
            Anomaly(
                id="worker-died",
                meaning="A worker process ended although nobody had killed it or told it to stop, "
                "or died of the signal by which it was told.",
                examines="every process of the queue whose way to end is known",
                bad="it left with code 1, or with code 0 without being in burst mode",
                near_miss="it had been told to stop 100 ms before; or all was done, and it died of "
                "the SIGTERM that sent it home",
            ),
            Anomaly(
                id="worker-idle",
                meaning="A live worker took none of the jobs that it was offered after the faults.",
                examines="every worker that the rig watched while it offered jobs",
                bad="ten seconds of jobs, and it started none",
                near_miss="it was still paused at that time",
            ),
        ),
    ),
    Guarantee(
        id="replaced",
        sentence="a fleet ends a worker that hangs, and replaces one that is gone, later each "
        "time; it ends no healthy one",
        anomalies=(
            Anomaly(
                id="hung-worker",
                meaning="A worker of a fleet hung for longer than its parent puts up with, and was "
                "not ended.",
                examines="every fault that kept a worker of a fleet from doing anything for that "
                "long",
                bad="it is stopped (SIGSTOP) for 6 s with a limit of 1.5 s, and is still there",
                near_miss="it went on after 3 s",
            ),
            Anomaly(
                id="unreplaced",
                meaning="A worker of a fleet was gone, and no other took its place.",
                examines="the first workers of each fleet that were gone",
                bad="two are killed, and 3 s later there is one new one",
                near_miss="the parent was told to stop meanwhile",
            ),
            Anomaly(
                id="needless-replacement",
                meaning="A worker of a fleet ended although nothing was wrong with it.",
                examines="every worker of a fleet that does not leave when nothing is left",
                bad="its parent is stopped for a while, and ends it when it goes on",
                near_miss="it had been stopped itself, for longer than half of the limit",
            ),
            Anomaly(
                id="hasty-restart",
                meaning="A fleet started a worker that crashes again and again without waiting "
                "longer each time.",
                examines="every restart that is the sixth or later of a place in its fleet",
                bad="six restarts, and its place was empty for half a second in all",
                near_miss="its place was empty for three seconds in all",
            ),
        ),
    ),
)
