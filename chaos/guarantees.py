"""Every promise a queue can make, and the name of every way to break it.

A target declares which guarantees it promises. The ids appear in reports, tests and exit messages;
each anomaly has one SQL file in `chaos/checks/` of the same name, with underscores.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from chaos.evidence import Evidence

Needs = tuple[tuple[Evidence, ...], ...]
"""Sets of evidence, any of which is enough. None: what every target shows is enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """One way to break a guarantee. `meaning` defines the word in one sentence, for reports."""

    id: str
    meaning: str
    #: The evidence without which nobody can know.
    needs: Needs = ()

    def missing(self, offers: Set[Evidence]) -> Set[Evidence]:
        """The evidence that a target with these offers lacks; empty if the check can look."""
        lacks = [frozenset(need) - offers for need in self.needs]
        return min(lacks, key=len, default=frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantee:
    """One promise: its id, its sentence, and the anomalies that break it, in their fixed order."""

    id: str
    sentence: str
    anomalies: tuple[Anomaly, ...]


_ALL = (
    Guarantee(
        id="no-loss",
        sentence="every acknowledged job ends completed or dead-lettered once faults stop",
        anomalies=(
            Anomaly(
                id="lost",
                meaning="A job whose enqueue was acknowledged is, in the end, neither completed "
                "nor dead-lettered.",
            ),
        ),
    ),
    Guarantee(
        id="no-phantom",
        sentence="nothing runs that was not enqueued, or before it was, "
        "or whose enqueue definitely failed",
        anomalies=(
            Anomaly(
                id="phantom",
                meaning="A handler started a job that nobody had enqueued, or not yet, "
                "or whose every enqueue definitely failed.",
            ),
        ),
    ),
    Guarantee(
        id="one-commit",
        sentence="at most one accepted completion per job",
        anomalies=(
            Anomaly(
                id="double-commit",
                needs=((Evidence.COMPLETIONS,), (Evidence.EFFECTS, Evidence.TOKENS)),
                meaning="The store accepted two completions of one job with no requeue "
                "between them.",
            ),
        ),
    ),
    Guarantee(
        id="effects-once",
        sentence="effects handed to the commit are applied exactly once per completed job",
        anomalies=(
            Anomaly(
                id="effect-missing",
                needs=((Evidence.JOBS, Evidence.EFFECTS),),
                meaning="A job is completed, but fewer effects are found in the store than it "
                "handed to its commit.",
            ),
            Anomaly(
                id="effect-repeated",
                needs=((Evidence.JOBS, Evidence.EFFECTS),),
                meaning="More effects of a job are found in the store than it handed to its "
                "commit, or any effect of a job that is not completed.",
            ),
        ),
    ),
    Guarantee(
        id="fenced",
        sentence="completion, retry, release or refresh by a superseded attempt is refused "
        "and changes nothing",
        anomalies=(
            Anomaly(
                id="zombie-write",
                needs=((Evidence.WIRE, Evidence.TOKENS),),
                meaning="The store accepted a write of an attempt after a later attempt had "
                "already claimed the job.",
            ),
        ),
    ),
    Guarantee(
        id="exclusive",
        sentence="a job is started by a second worker only after the first one's lock has expired "
        "or been given up",
        anomalies=(
            Anomaly(
                id="premature-redelivery",
                needs=((Evidence.WIRE,),),
                meaning="A job was claimed anew while the lock of its earlier attempt "
                "was still live.",
            ),
            Anomaly(
                id="overlap",
                meaning="Two attempts of one job ran at the same time although the lock of the "
                "first was still live.",
            ),
        ),
    ),
    Guarantee(
        id="recovery",
        sentence="a job whose holder died is started again within lock TTL + poll interval + slack",
        anomalies=(
            Anomaly(
                id="late-redelivery",
                meaning="A job whose holder died was started again too late, or never.",
            ),
        ),
    ),
    Guarantee(
        id="budget",
        sentence="failed attempts never exceed `max_retries`, crashed ones never exceed "
        "`max_crashes`; then it is dead-lettered",
        anomalies=(
            Anomaly(
                id="budget-exceeded",
                meaning="A job failed, crashed or was started again after its budget of failures "
                "or of crashes was used up.",
            ),
        ),
    ),
    Guarantee(
        id="honest-dlq",
        sentence="only a job that used up its budget, or can never run, is dead-lettered",
        anomalies=(
            Anomaly(
                id="false-dead-letter",
                needs=((Evidence.JOBS,),),
                meaning="A job was dead-lettered although it could still have run and had "
                "budget left.",
            ),
        ),
    ),
    Guarantee(
        id="retry-once",
        sentence="one failure = one increment and one re-queue, together",
        anomalies=(
            Anomaly(
                id="retry-lost",
                needs=((Evidence.JOBS, Evidence.RETRIES),),
                meaning="The job's count of retries is lower than the number of its failures that "
                "were certainly recorded.",
            ),
            Anomaly(
                id="retry-twice",
                needs=((Evidence.JOBS, Evidence.RETRIES),),
                meaning="The job's count of retries is higher than the number of its failures.",
            ),
        ),
    ),
    Guarantee(
        id="drain",
        sentence="after SIGTERM a worker starts nothing new, and every job it held is finished or "
        "handed back within the grace period",
        anomalies=(
            Anomaly(
                id="start-after-drain",
                meaning="A worker that had been told to stop started another job.",
            ),
            Anomaly(
                id="abandoned",
                meaning="A worker that had been told to stop left a job it held neither finished "
                "nor handed back, or did not leave in time.",
            ),
        ),
    ),
    Guarantee(
        id="burst",
        sentence="in burst mode no worker of the fleet leaves while work remains",
        anomalies=(
            Anomaly(
                id="early-exit",
                meaning="A burst worker left by itself while acknowledged work remained.",
            ),
        ),
    ),
    Guarantee(
        id="schedule",
        sentence="nothing starts before its time",
        anomalies=(
            Anomaly(
                id="early-start",
                meaning="A job was started before the time it had been scheduled for.",
            ),
        ),
    ),
    Guarantee(
        id="unique",
        sentence="at most one live job per unique key",
        anomalies=(
            Anomaly(
                id="unique-violated",
                meaning="A second job was accepted under a unique key whose first job was "
                "still live.",
            ),
        ),
    ),
    Guarantee(
        id="quiescent",
        sentence="when it is over: queues and locks empty, no key left that has no owner or no TTL",
        anomalies=(
            Anomaly(
                id="stuck",
                needs=((Evidence.JOBS,),),
                meaning="After everything settled, a job is still unfinished, queued or locked.",
            ),
            Anomaly(
                id="orphan-key",
                needs=((Evidence.KEYS,),),
                meaning="After everything settled, a key is left that never expires and that "
                "nothing accounts for.",
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
            ),
            Anomaly(
                id="unseen-worker",
                needs=((Evidence.HEALTH,),),
                meaning="A live, undisturbed worker had no health key.",
            ),
        ),
    ),
    Guarantee(
        id="alive",
        sentence="a worker that nobody ended lives, and takes jobs again once faults have stopped",
        anomalies=(
            Anomaly(
                id="worker-died",
                meaning="A worker process ended although nobody had killed it or told it to stop.",
            ),
            Anomaly(
                id="worker-idle",
                meaning="A live worker took none of the jobs that it was offered after the faults.",
            ),
        ),
    ),
)

GUARANTEES: dict[str, Guarantee] = {guarantee.id: guarantee for guarantee in _ALL}
"""Every guarantee by its id, in the order in which reports list them."""

ANOMALIES: dict[str, Anomaly] = {
    anomaly.id: anomaly for guarantee in _ALL for anomaly in guarantee.anomalies
}
"""Every anomaly by its id, in the order of the guarantees they break."""

_GUARANTEE_OF = {anomaly.id: guarantee for guarantee in _ALL for anomaly in guarantee.anomalies}


def guarantee_of(anomaly: str) -> Guarantee:
    """The guarantee that the anomaly of this id breaks. Raises KeyError for an unknown id."""
    return _GUARANTEE_OF[anomaly]
