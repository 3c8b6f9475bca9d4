"""Finds a target by the name that `--target` gives."""

from __future__ import annotations

import importlib

from chaos.errors import ChaosError
from chaos.targets.target import Target

#: Built in: name → module with a TARGET.
BUILT_IN = {
    "rrq_ref": "chaos.targets.rrq_ref.target",
    **{
        name: f"chaos.public.{name}.target"
        for name in (
            *("arq", "celery_early", "celery_late", "docket", "dramatiq", "huey", "rq", "saq"),
            *("rrq_037", "rrq_081", "rrq_081_redis", "rrq_0111"),
            *("streaq", "taskiq_list", "taskiq_stream"),
            *("ardiq", "blitzq", "bullmq", "mayu"),
        )
    },
}


class UnknownTarget(ChaosError):
    """`--target` names nothing that can be tested; the message says what would be right."""


def find_target(spec: str) -> Target:
    """The target with this name, or the one at `module:ATTRIBUTE`. Raises UnknownTarget."""
    module_name, _, attribute = spec.partition(":")
    if not attribute and spec not in BUILT_IN:
        names = ", ".join(BUILT_IN)
        raise UnknownTarget(f"no target is named {spec!r}; give {names}, or module:ATTRIBUTE")
    try:
        module = importlib.import_module(BUILT_IN.get(spec, module_name))
        target = getattr(module, attribute or "TARGET")
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise UnknownTarget(f"the target {spec!r} cannot be loaded: {error}") from error
    if not isinstance(target, Target):
        raise UnknownTarget(f"{spec!r} is not a chaos.targets.Target")
    return target
