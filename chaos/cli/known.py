"""`--known FILE`: what is known to be broken, read before anything is played."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from chaos.cli.catalogue import scenarios
from chaos.cli.options import PATH
from chaos.known import BadKnown, Known, Places, hold, read
from chaos.report import JudgedRun
from chaos.rig.options import BadOption
from chaos.sweep.cells import SWEPT
from chaos.sweep.lives import BY_NAME


def _read(context: click.Context, option: click.Parameter, path: Path | None) -> Known | None:
    del context, option
    if path is None:
        return None
    places = Places(
        scenarios=[scenario.name for scenario in scenarios()],
        lives=BY_NAME,
        faults=SWEPT,
        sides=sorted({side for kind in SWEPT.values() for side in kind.swept_sides}),
    )
    try:
        return read(path, places)
    except BadKnown as error:
        raise BadOption(f"--known: {error}") from error


known_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--known",
    type=PATH,
    callback=_read,
    help="TOML file of anomalies that are known, which fail nothing until they are gone.",
)


def held(runs: Sequence[JudgedRun], known: Known | None) -> list[JudgedRun]:
    """The runs, held against the list where there is one."""
    if known is None:
        return [*runs]
    pairs = zip(runs, hold(known, [run.verdict for run in runs]), strict=True)
    return [replace(run, held=one) for run, one in pairs]
