"""Workers leave when they are told to or have nothing to do, and not before."""

from __future__ import annotations

from chaos.guarantees.guarantee import Anomaly, Guarantee

GUARANTEES = (
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
)
