"""Jobs end as they should, after as many tries as they have."""

from __future__ import annotations

from chaos.evidence import Evidence
from chaos.guarantees.guarantee import Anomaly, Guarantee

GUARANTEES = (
    Guarantee(
        id="budget",
        sentence="failed attempts never exceed `max_retries`, crashed ones never exceed "
        "`max_crashes`; then it is dead-lettered",
        anomalies=(
            Anomaly(
                id="budget-exceeded",
                meaning="A job failed, crashed or was started again after its budget of failures "
                "or of crashes was used up.",
                examines="every job with a budget that failed or crashed",
                bad="`max_retries` is 2 and there are three recorded failures, or a start after "
                "the second",
                near_miss="a third failure by a superseded attempt, which the store refused to "
                "record",
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
                examines="every job of the run that is dead at the end, or that a dead-letter "
                "queue names",
                bad="dead-lettered after 2 of 3 failures and 0 of 1 crashes",
                near_miss="as many attempts as `max_crashes` were never ended: their workers may "
                "have crashed",
            ),
        ),
    ),
    Guarantee(
        id="right-end",
        sentence="a job ends as its handler and its terms decide, wherever it is interrupted",
        anomalies=(
            Anomaly(
                id="wrong-end",
                needs=((Evidence.JOBS,),),
                meaning="A job whose end was known beforehand ended in another state, or with "
                "other counts, effects or another result.",
                examines="every job of which the rig knew how it must end",
                bad="a job that fails once is completed, and counts no failure; one that was "
                "cancelled is completed; one that was requeued still counts the crashes of "
                "its first life",
                near_miss="a job whose end depends on the faults that hit it, so that nothing was "
                "expected of it",
            ),
            Anomaly(
                id="wrong-order",
                meaning="A job was first started before one that had to come before it.",
                examines="every job that had to wait for another's start, where both were started; "
                "their claims are compared where these were seen",
                bad="a job of the second queue is started first, although one of the first queue "
                "was due, and the worker serves that queue first",
                near_miss="neither queue goes first, so that nothing was expected of the order",
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
                examines="every job that failed and whose count of retries is known at the end",
                bad="two retries were accepted, and the job counts one",
                near_miss="two failures, but the answer to one retry was lost: one or two are "
                "right",
            ),
            Anomaly(
                id="retry-twice",
                needs=((Evidence.JOBS, Evidence.RETRIES),),
                meaning="The job's count of retries is higher than the number of its failures.",
                examines="every job that failed or counts a retry",
                bad="one failure, and the job counts two",
                near_miss="one handler failed and one attempt timed out, whose retry was "
                "accepted: two are right",
            ),
        ),
    ),
)
