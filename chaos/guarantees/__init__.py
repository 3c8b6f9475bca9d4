"""Every promise a queue can make, and every way to break it.

A target declares which guarantees it promises. The ids appear in reports, tests and exit messages.
Each anomaly has a SQL file of the same name in `chaos/checks/`, which says exactly what is broken
and what is excused. `docs/anomalies.md` is written from here. Each module has some guarantees that
belong together.
"""

from __future__ import annotations

from chaos.guarantees import attempts, ends, enqueueing, jobs, leaving, starts, store, workers
from chaos.guarantees.guarantee import Anomaly as Anomaly
from chaos.guarantees.guarantee import Guarantee as Guarantee

_ALL = (
    *jobs.GUARANTEES,
    *attempts.GUARANTEES,
    *starts.GUARANTEES,
    *ends.GUARANTEES,
    *leaving.GUARANTEES,
    *enqueueing.GUARANTEES,
    *store.GUARANTEES,
    *workers.GUARANTEES,
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
