"""What a sweep has found, as an answer: at how many crash points the job is lost, or runs again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chaos.questions.question import Answer
from chaos.sweep.session import RETRIED

KILLED = (
    "A worker is killed at each command of a job's life, before it is sent and before its reply"
    " arrives, and where its handler begins and ends: is the job lost or done twice?"
)
DISTURBED = (
    "At the same commands a worker is cut off, its reply is lost, or it stands still for longer"
    " than its lease: is the job lost or done twice?"
)
#: What may have become of the job of a cell, the worst first, in the words of a sweep of a queue
#: that nobody can look into; and the anomalies that say so of any queue.
_FATES: dict[str, set[str]] = {
    "lost": {"lost", "stuck"},
    "stranded": set(),
    "given up": set(),
    "recorded as failed": set(),
    "never recorded": set(),
    "done twice": {"double-commit", "effect-repeated"},
    "late": {"late-redelivery"},
}
#: Those of them after which the job is not where it should be.
_BAD = ("lost", "stranded", "recorded as failed", "never recorded", "done twice")


def read(directory: Path) -> Answer:
    """The answer of the sweep whose directory this is. Raises OSError, ValueError, KeyError or
    TypeError where it left none."""
    swept = json.loads((directory / "sweep.json").read_text())
    cells = [cell for cell in swept["cells"] if cell["mark"] != "unknown"]
    if not cells:
        return Answer(words="; ".join(swept["unknown_because"][:1]), tone="unknown")
    retried = [cell for cell in cells if cell["life"] == RETRIED]
    fates = _fates([cell for cell in cells if cell["life"] != RETRIED])
    of_retried = _fates(retried)
    unknown = len(swept["cells"]) - len(cells)
    said = fates or [f"kept at all {len(cells) - len(retried)}"] * (len(cells) > len(retried))
    if retried:
        said += [f"of a retry, {each}" for each in of_retried or [f"kept at all {len(retried)}"]]
    said += [f"{unknown} more are not known"] if unknown else []
    left = swept["left_out"]["cells"]
    said += [f"{left} more were left out"] if left else []
    worst = [*fates, *of_retried]
    if any(word.startswith(_BAD) for word in worst):
        return Answer(words="; ".join(said), tone="bad")
    whole = not (worst or unknown or left)
    return Answer(words="; ".join(said), tone="good" if whole else "told")


def _fates(cells: Sequence[Mapping[str, Any]]) -> list[str]:
    """At which of these crash points the job is not kept, and what becomes of it there."""
    said = []
    for fate, anomalies in _FATES.items():
        if hit := [cell for cell in cells if _has(cell, fate, anomalies)]:
            said.append(f"{fate} at {len(hit)} of {len(cells)}: {_where(hit)}")
    return said


def _has(cell: Mapping[str, Any], fate: str, anomalies: set[str]) -> bool:
    """Whether this is what became of its job. Where the sweep tells, nobody knows better."""
    told = cell["fates"]
    found = {*cell["anomalies"], *cell["unpromised"]} - ({"lost"} if told else set())
    return fate in told or bool(anomalies & found)


def _where(cells: Sequence[Mapping[str, Any]]) -> str:
    """The first and the last of these crash points, by life."""
    lives = dict.fromkeys(cell["life"] for cell in cells)
    said = []
    for life in lives:
        at = [_shown(cell) for cell in cells if cell["life"] == life]
        at = list(dict.fromkeys(at))
        said.append(f"{life}, {', '.join(at) if len(at) <= _FEW else f'{at[0]} … {at[-1]}'}")
    return "; ".join(said)


#: So many crash points are named one by one.
_FEW = 4


def _shown(cell: Mapping[str, Any]) -> str:
    fault, side = cell["column"].split("/")
    where = {"before-send": "before", "before-reply": "before the reply to"}.get(side, side)
    return f"{fault} {where} {cell['boundary']}"
