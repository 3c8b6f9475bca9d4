"""Of many attempts one counts, and of many workers one has the job."""

from __future__ import annotations

from chaos.evidence import Evidence
from chaos.guarantees.guarantee import Anomaly, Guarantee

GUARANTEES = (
    Guarantee(
        id="one-commit",
        sentence="at most one accepted completion per job",
        anomalies=(
            Anomaly(
                id="double-commit",
                needs=((Evidence.COMPLETIONS,), (Evidence.EFFECTS, Evidence.TOKENS)),
                meaning="The store accepted two completions of one job with no requeue "
                "between them.",
                examines="every accepted completion on the wire, and every job's effects in the "
                "store",
                bad="tokens 1 and 2 of a job are both told `ok`; or the store holds effects of "
                "both",
                near_miss="the second answer is `repeat`, or the job was requeued between the two",
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
                examines="every completed job that hands effects to its commit",
                bad="two effects were handed over, one is in the store",
                near_miss="the job is dead-lettered: nothing was committed",
            ),
            Anomaly(
                id="effect-repeated",
                needs=((Evidence.JOBS, Evidence.EFFECTS),),
                meaning="More effects of a job are found in the store than it handed to its "
                "commit, or any effect of a job that is not completed.",
                examines="every job with effects in the store",
                bad="one effect was handed over, two are in the store; or the job is "
                "dead-lettered and has one",
                near_miss="the job was requeued and committed once more",
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
                examines="every write by an attempt that had been superseded for sure: sent after "
                "the store had answered something that it accepted of a higher token",
                bad="token 1 finishes, is told `ok`, and token 2 had claimed the job before",
                near_miss="the same write is refused; or it was under way when token 2 claimed",
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
                examines="every take-back or new claim of a job that had been claimed",
                bad="claimed with a TTL of 1000 ms, and claimed by another 900 ms later",
                near_miss="claimed 1100 ms later; or after a release, retry or completion had "
                "been sent",
            ),
            Anomaly(
                id="overlap",
                meaning="Two attempts of one job ran at the same time although the lock of the "
                "first was still live.",
                examines="every second or later start of a job",
                bad="a second worker starts it while the first one's handler runs under a lock "
                "that was renewed in time, or handed back too early",
                near_miss="the first worker was paused until its lock had expired; or its "
                "process is dead",
            ),
        ),
    ),
    Guarantee(
        id="lease",
        sentence="a lock does not lapse while its holder lives undisturbed, and nothing starts "
        "under one that may have expired",
        anomalies=(
            Anomaly(
                id="needless-takeback",
                needs=((Evidence.WIRE, Evidence.TOKENS),),
                meaning="A lock was taken back although its holder lived undisturbed.",
                examines="every claim whose lock was taken back, or held for longer than its TTL",
                bad="claimed with a TTL of 1000 ms, never renewed, and taken back 1010 ms later "
                "from a worker that no fault had touched",
                near_miss="the worker had been paused, or told to stop longer ago than its grace "
                "period; or the machine gave it no processor",
            ),
            Anomaly(
                id="overcounted-crash",
                needs=((Evidence.JOBS, Evidence.WIRE, Evidence.TOKENS),),
                meaning="A job counts more crashes than it had attempts whose holder died, stood "
                "still or was cut off.",
                examines="every job that was claimed and whose count of crashes is known at the "
                "end",
                bad="one worker was killed while it held the job, which counts two crashes",
                near_miss="one was killed and another one paused: two are possible",
            ),
            Anomaly(
                id="uncounted-crash",
                needs=((Evidence.JOBS, Evidence.WIRE, Evidence.TOKENS),),
                meaning="A job counts fewer crashes than it had, and so may crash more often than "
                "its budget allows.",
                examines="every job that was taken back from attempts that had crashed, and whose "
                "count of crashes is known at the end",
                bad="its worker was killed in the middle of the handler, its lock was taken back, "
                "and the job counts no crash",
                near_miss="somebody has given it a new life, which counts anew",
            ),
            Anomaly(
                id="expired-start",
                needs=((Evidence.WIRE, Evidence.TOKENS),),
                meaning="An attempt was started although its own lock may have expired before.",
                examines="every start whose claim was seen on the wire",
                bad="the claim was sent 1300 ms before, with a TTL of 1000 ms",
                near_miss="1040 ms before: a handler takes a while to begin; or the process was "
                "stopped after it had been answered",
            ),
        ),
    ),
)
