"""The benchmarks' common command line: options, complaints, exit codes, the file of results."""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from redis import RedisError

from benchmarks.parts.problem import BenchmarkProblem
from chaos.cli.program import complain
from chaos.processes import Interrupted, ProcessStillRunning, on_signals
from chaos.report.files import replace_file
from chaos.rig.options import SIGNALLED
from chaos.servers import DEFAULT_SPEC, SHOWN_SPEC, ServerProblem
from rrq_ref import RRQError

#: Exit codes: a goal was missed or not measured (with --strict), wrong usage, no measurement.
MISSED, USAGE, FAILED = 1, 2, 3


def common_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--redis`, `--seed`, `--json` and `--strict` to a command."""
    for option in (
        click.option("--strict", is_flag=True, help="Exit with 1 unless every goal is reached."),
        click.option(
            "--json",
            "json_path",
            type=click.Path(path_type=Path, dir_okay=False),
            help="Also write all figures to this file.",
        ),
        click.option("--seed", type=int, help="Repeats the order of rounds and the pauses."),
        click.option(
            "--redis",
            default=DEFAULT_SPEC,
            show_default=SHOWN_SPEC,
            help="embedded, local[:path], container[:image], or the URL of an empty"
            " database. Environment: CHAOS_REDIS.",
        ),
    ):
        command = option(command)
    return command


def new_seed() -> int:
    return random.SystemRandom().randrange(1, 1_000_000)


def run(work: Callable[[], int]) -> None:
    """Run a benchmark, and exit with its code. An error becomes one sentence."""
    try:
        with on_signals():
            code = work()
    except (ServerProblem, click.BadParameter) as error:
        complain(f"error: {error}")
        code = USAGE
    except (BenchmarkProblem, ProcessStillRunning, RRQError, RedisError, OSError) as error:
        complain(f"error: {error}")
        code = FAILED
    except Interrupted as error:
        complain(f"{error}; everything that was started has been stopped")
        code = SIGNALLED + error.signum
    sys.exit(code)


def check_writable(path: Path | None) -> None:
    """Raise `click.BadParameter` now, rather than an error after everything has been measured."""
    if path is None:
        return
    if not path.parent.is_dir():
        raise click.BadParameter(f"--json {path}: there is no directory {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise click.BadParameter(f"--json {path} cannot be written; give another place")


def write_json(path: Path | None, figures: Any) -> None:
    """Write the figures, whole or not at all."""
    if path is not None:
        replace_file(path, json.dumps(figures, indent=2).encode() + b"\n")
