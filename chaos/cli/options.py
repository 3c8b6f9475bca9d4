"""The options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from chaos.rig.scenario import Parameter
from chaos.servers import DEFAULT_SPEC, SHOWN_SPEC

PATH = click.Path(path_type=Path)

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

target: Decorator = click.option(
    "--target",
    default="rrq_ref",
    show_default=True,
    help="Queue under test: a name, or module:ATTRIBUTE.",
)
redis: Decorator = click.option(
    "--redis",
    default=DEFAULT_SPEC,
    show_default=SHOWN_SPEC,
    help="embedded, local[:path], container[:image], or a URL. Environment: CHAOS_REDIS.",
)
seed: Decorator = click.option("--seed", type=int, help="Plan the same faults again.")
out: Decorator = click.option(
    "--out", type=PATH, help="New directory for the run (default: one below chaos-runs/)."
)
at_once: Decorator = click.option(
    "--at-once",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Number of runs to play at the same time.",
)
_workers: Decorator = click.option(
    "--workers", type=click.IntRange(1, 200), help="Number of worker processes."
)
_jobs: Decorator = click.option(
    "--jobs", type=click.IntRange(1, 1_000_000), help="Number of jobs to enqueue."
)
_concurrency: Decorator = click.option(
    "--concurrency",
    type=click.IntRange(1, 1_000),
    help="Number of jobs that each worker runs at a time.",
)


def run(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of every run of a scenario, which are the fields of `Options`."""
    for option in (out, redis, seed, _jobs, _concurrency, _workers, target):
        command = option(command)
    return command


def of(parameter: Parameter) -> click.Option:
    """The option for a scenario's own parameter."""
    return click.Option(
        [f"--{parameter.name}"],
        default=parameter.default,
        show_default=True,
        type=click.Choice(parameter.choices) if parameter.choices else type(parameter.default),
        help=parameter.help,
    )
