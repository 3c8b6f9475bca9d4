"""Targets that show less than others."""

from __future__ import annotations

from dataclasses import replace

from chaos.targets.rrq_ref.target import TARGET as REFERENCE
from examples.naive_queue.target import TARGET as NAIVE

#: The rig sees its enqueues, handlers and processes, and nothing else.
HANDLERS_ONLY = replace(
    REFERENCE,
    name="handlers-only",
    promises={"no-loss", "no-phantom", "recovery", "drain", "alive"},
    inspector=None,
    wire=None,
    shows=(),
)
#: A queue that loses jobs, and whose store nobody can look into.
UNINSPECTED = replace(NAIVE, name="uninspected", inspector=None)
#: A queue whose commands nobody can read.
UNREADABLE = replace(NAIVE, name="unreadable", wire=None)
