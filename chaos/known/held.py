"""Verdicts on scenarios, held against the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chaos.checks.verdict import Outcome, Status, Verdict
from chaos.known.entry import Entry
from chaos.known.known import Known, Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the list says about one verdict."""

    #: By anomaly: it was broken, and that is known.
    known: Mapping[str, Entry] = field(default_factory=dict)
    #: Entries that have to go.
    gone: tuple[Entry, ...] = ()

    def outcome(self, verdict: Verdict) -> Outcome:
        """The outcome that counts: only what is new fails a run, or an entry that has to go."""
        if self.gone:
            return Outcome.FAIL
        new = [one for one in verdict.broken if one.promised and one.anomaly not in self.known]
        if verdict.outcome is not Outcome.FAIL or new:
            return verdict.outcome
        return Outcome.UNKNOWN if verdict.unknown_because else Outcome.PASS

    def to_json(self, verdict: Verdict) -> dict[str, Any]:
        """What stands beside the verdict."""
        outcome = self.outcome(verdict)
        return {
            "outcome": str(outcome),
            "exit_code": outcome.exit_code,
            "broken": [entry.to_json() for entry in self.known.values()],
            "gone": [entry.to_json() for entry in self.gone],
        }


def hold(known: Known, verdicts: Sequence[Verdict]) -> list[Held]:
    """What the list says about each verdict. Runs of one scenario are taken together: an entry has
    to go if no run has broken it, which is told with the last run that had cases of it."""
    seen = [_seen(verdict) for verdict in verdicts]
    last = {
        entry: max(place for place, one in enumerate(seen) if _kept(entry, one))
        for entry in known.gone(seen)
    }
    return [
        Held(
            known={
                anomaly: entry
                for anomaly in _broken(verdict)
                if (entry := known.entry(one.kind, one.place, anomaly)) is not None
            },
            gone=tuple(entry for entry, at in last.items() if at == place),
        )
        for place, (verdict, one) in enumerate(zip(verdicts, seen, strict=True))
    ]


def _seen(verdict: Verdict) -> Seen:
    met = {one.anomaly for one in verdict.checks if one.status is Status.OK}
    return Seen(
        kind="scenario",
        place=str(verdict.run.get("scenario", "")),
        broken=set(_broken(verdict)),
        kept=set() if verdict.unknown_because else met,
    )


def _broken(verdict: Verdict) -> list[str]:
    return [check.anomaly for check in verdict.broken]


def _kept(entry: Entry, seen: Seen) -> bool:
    return entry.fits(seen.kind, seen.place) and entry.anomaly in seen.kept
