"""Every promise a queue can make, and every way to break it.

A target declares which guarantees it promises. The ids appear in reports, tests and exit messages.
Each anomaly has a SQL file of the same name in `chaos/checks/`, which says exactly what is broken
and what is excused. `docs/anomalies.md` is written from here.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from chaos.evidence import Evidence

Needs = tuple[tuple[Evidence, ...], ...]
"""Sets of evidence, any of which is enough. None: what every target shows is enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """One way to break a guarantee."""

    id: str
    #: Defines the word in one sentence, for reports.
    meaning: str
    #: The cases that its check examines.
    examines: str
    #: An example of a broken case.
    bad: str
    #: An example that looks alike and breaks nothing.
    near_miss: str
    #: The evidence without which it cannot be known.
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
    Guarantee(
        id="prompt",
        sentence="a job that is due, for which a worker has room, is started within poll interval "
        "+ slack",
        anomalies=(
            Anomaly(
                id="late-start",
                meaning="A due job was started too late, although a worker had room for it.",
                examines="every time that a job waited: after its enqueue, for a retry, and when "
                "it was handed or taken back",
                bad="due at 100 ms, with a poll interval of 100 ms and a slack of 500 ms, and "
                "started at 900 ms, while an undisturbed worker was idle",
                near_miss="all workers were full, disturbed, leaving, or serve other queues",
            ),
        ),
    ),
    Guarantee(
        id="fair",
        sentence="the head of a queue is taken before what came later, a job that was handed back "
        "before both, and a queue of higher priority before another",
        anomalies=(
            Anomaly(
                id="starved",
                meaning="A job was taken while another one, which was ahead of it, was left "
                "behind.",
                examines="every job that was taken while others waited",
                bad="j1 was acknowledged before j2 was sent, and j2 is claimed 50 ms before j1",
                near_miss="j1 and j2 were enqueued in one call; or j2 had been handed back",
            ),
        ),
    ),
    Guarantee(
        id="capacity",
        sentence="no process runs more jobs at a time than its concurrency",
        anomalies=(
            Anomaly(
                id="over-capacity",
                meaning="More handlers ran in one process at a time than its concurrency allows.",
                examines="every process that ran as many jobs at a time as it may",
                bad="a third handler starts where two run, with a concurrency of 2",
                near_miss="it starts once one of the two has ended",
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
                examines="every attempt whose process died before the store accepted an end of it",
                bad="nobody starts the job within the bound, although an undisturbed worker was "
                "there all the time",
                near_miss="nobody does, but no other worker lived through the wait, or the server "
                "was down",
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
    Guarantee(
        id="drain",
        sentence="after SIGTERM a worker starts nothing new, lets what it runs go on for its grace "
        "period, and has then finished or handed back every job that it held",
        anomalies=(
            Anomaly(
                id="start-after-drain",
                meaning="A worker that had been told to stop started another job.",
                examines="every process that was told to stop (SIGTERM, SIGINT, SIGHUP, SIGQUIT, "
                "or the death of its fleet's parent)",
                bad="it starts a job 300 ms later, with a slack of 250 ms",
                near_miss="it was paused meanwhile, and hears of it when it goes on",
            ),
            Anomaly(
                id="abandoned",
                meaning="A worker that had been told to stop left a job it held neither finished "
                "nor handed back, or did not leave in time.",
                examines="every job held by a process that was told to stop; and how that process "
                "left",
                bad="it leaves by itself, and no end or hand-back of a job it held was ever sent",
                near_miss="the hand-back was sent, but its reply was lost; or the handler resists "
                "cancellation",
            ),
            Anomaly(
                id="cut-short",
                meaning="A job was taken from a worker that had been told to stop, before its "
                "grace period was over.",
                examines="every attempt that ran when its process was told to stop",
                bad="with a grace period of 2 s, it is handed back 100 ms after SIGTERM; or its "
                "lock is not renewed, and another worker takes it",
                near_miss="a second SIGTERM, or SIGQUIT, came right before",
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
                examines="every burst worker that left by itself with code 0",
                bad="it leaves, and a job that had been acknowledged two seconds before is "
                "finished later by another",
                near_miss="the job was enqueued while it was leaving; or the later write was a "
                "straggler's, and refused",
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
                examines="every start of a job that was scheduled for a time, or that was to be "
                "run again after a failure: when its handler asked for, or after the usual time",
                bad="due at 1000 ms, started at 900 ms",
                near_miss="started 4 ms early, with a clock slack of 5 ms",
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
                examines="every acknowledged enqueue under a key that an earlier job had taken",
                bad="the second job is accepted as a new one, and the first one is finished later",
                near_miss="the answer names the first job; or the first one was over",
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
                examines="every job that exists at the end, and every entry of a queue or among "
                "the locks",
                bad="a job is `active` although everything has settled; an id is left in the queue",
                near_miss="an id is left in the dead-letter queue, which is where it belongs",
            ),
            Anomaly(
                id="orphan-key",
                needs=((Evidence.KEYS,),),
                meaning="After everything settled, a key is left that never expires and that "
                "nothing accounts for.",
                examines="every key that is left at the end",
                bad="the hash of a completed job never expires; so does the unique key of a dead "
                "one",
                near_miss="the hash of a job that was asked to be kept (`result_ttl_s` is 0)",
            ),
        ),
    ),
    Guarantee(
        id="state",
        sentence="at every instant all that is stored about a job agrees, and changes only as "
        "promised",
        anomalies=(
            Anomaly(
                id="inconsistent",
                needs=((Evidence.STATE,),),
                meaning="What the store held at one instant contradicts itself, or what it had "
                "held before.",
                examines="the rules that the queue under test has for its own store, each for "
                "about a second of looks",
                bad="a job is locked and queued; a running job's hash expires; a job is dead and "
                "not in the dead-letter queue",
                near_miss="a unique key is gone, but the server had thrown keys away",
            ),
        ),
    ),
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
