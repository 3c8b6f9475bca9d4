"""What an enqueue asked for holds: a time to start at, a key that no other job has."""

from __future__ import annotations

from chaos.guarantees.guarantee import Anomaly, Guarantee

GUARANTEES = (
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
)
