"""Planted bugs, and safeguards that may be missing."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.planted.edit import Edit


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """One thing that the reference does wrong."""

    name: str
    #: Its fault, in one sentence.
    sentence: str
    edits: tuple[Edit, ...]
    #: It counts as caught by this anomaly only.
    anomaly: str
    #: The scenario that is meant to find it, or the sweep: a module below `chaos`. None: nothing is
    #: made for it, and the default programme has to find it (`--blind`).
    scenario: str | None = None
    #: Of the scenario's command.
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ablation:
    """A safeguard that another one stands behind."""

    #: Why nothing breaks without the first.
    sentence: str
    #: The edits that remove the two, the safe one first, by their names.
    removed: dict[str, tuple[Edit, ...]]
    scenario: str
    #: The anomaly that shows without both.
    anomaly: str
