"""The store is whole, and clean in the end."""

from __future__ import annotations

from chaos.evidence import Evidence
from chaos.guarantees.guarantee import Anomaly, Guarantee

GUARANTEES = (
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
)
