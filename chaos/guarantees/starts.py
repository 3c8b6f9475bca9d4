"""Jobs are started in time, in turn, and by workers that have room."""

from __future__ import annotations

from chaos.guarantees.guarantee import Anomaly, Guarantee

GUARANTEES = (
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
)
