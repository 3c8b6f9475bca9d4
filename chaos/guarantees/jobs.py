"""No job is lost, made up or altered."""

from __future__ import annotations

from chaos.evidence import Evidence
from chaos.guarantees.guarantee import Anomaly, Guarantee

GUARANTEES = (
    Guarantee(
        id="no-loss",
        sentence="every acknowledged job ends completed or dead-lettered once faults stop",
        anomalies=(
            Anomaly(
                id="lost",
                meaning="A job whose enqueue was acknowledged is, in the end, neither completed "
                "nor dead-lettered.",
                examines="every acknowledged job, in the state it was found in at the end; and "
                "every acknowledged enqueue that named neither an id nor a unique key, and so made "
                "a job of its own",
                bad="a job whose enqueue was answered `ok` is still queued, or its key is gone "
                "and nothing shows that it was completed; or two such enqueues were answered with "
                "the same job",
                near_miss="the key is gone, but its completion was seen on the wire, or its "
                "effects are in the store: it was completed and has expired",
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
                examines="every start of a handler",
                bad="a job starts whose only enqueue was refused",
                near_miss="a job starts whose enqueue timed out: it may have been accepted",
            ),
            Anomaly(
                id="extra-job",
                needs=((Evidence.JOBS,),),
                meaning="A job is in the store that nobody had enqueued, or whose every enqueue "
                "definitely failed or was answered with another job; or one is listed twice.",
                examines="every job that exists at the end, and every one that a queue or a list "
                "of the dead names",
                bad="an enqueue under a unique key was answered with the job that holds the key, "
                "and both jobs are there",
                near_miss="an enqueue timed out: its job may be there",
            ),
        ),
    ),
    Guarantee(
        id="faithful",
        sentence="a job is run and stored as it was enqueued, and what its handler returns is "
        "what the store keeps",
        anomalies=(
            Anomaly(
                id="wrong-arguments",
                meaning="A handler got other arguments than were enqueued, or the store has "
                "others.",
                examines="every start of a handler, and every job in the store at the end",
                bad="`0` was enqueued, and the handler got `null`; or a second enqueue of the id "
                "replaced the arguments of the first",
                near_miss="two enqueues of one id at the same time: either may have been the first",
            ),
            Anomaly(
                id="wrong-queue",
                needs=((Evidence.JOBS,),),
                meaning="A job stands in another queue than it was enqueued into.",
                examines="every place in the store where a job stands at the end: its record, and "
                "the entries of queues, locks and dead-letter queues",
                bad="a job that was enqueued into the second queue is run, or dead-lettered, in "
                "the first",
                near_miss="two enqueues of one id at the same time, into two queues",
            ),
            Anomaly(
                id="wrong-ttl",
                needs=((Evidence.KEYS, Evidence.JOBS),),
                meaning="A completed job is kept for another time than was asked for.",
                examines="every key of a job that is completed at the end, if a time was asked for",
                bad="a job was to be kept for an hour, and its key lives for a day; or it was to "
                "be kept for ever, and its key expires",
                near_miss="a job was to be kept for an hour, and has 58 minutes left: it may have "
                "been completed two minutes ago",
            ),
            Anomaly(
                id="wrong-result",
                needs=((Evidence.JOBS,),),
                meaning="A completed job has another result in the store than its handler "
                "returned.",
                examines="every job that is completed at the end and has a result",
                bad="the handler returned `[]`, and the result is `null`; or the result is that of "
                "an attempt whose completion was refused",
                near_miss="two attempts succeeded, and nobody saw which of them the store accepted",
            ),
        ),
    ),
)
