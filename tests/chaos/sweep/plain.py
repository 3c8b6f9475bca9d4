"""The reference as a target whose workers cannot be forked: each is started by its command."""

from __future__ import annotations

from dataclasses import replace

from chaos.targets.rrq_ref.target import TARGET as REFERENCE

TARGET = replace(REFERENCE, name="plain", forkable=None)
