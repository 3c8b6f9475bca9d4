"""The options that the load test adds to Locust's."""

from __future__ import annotations

import os
import shlex
import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from pathlib import Path

from locust.argument_parser import LocustArgumentParser

from chaos.load.protocol import ORDERS
from chaos.rig.options import new_seed
from chaos.servers import DEFAULT_SPEC, ServerProblem, mask, open_server
from chaos.targets import UnknownTarget, find_target

RAMP_WITH_SPIKE = "ramp-spike"
SHAPES = ("none", RAMP_WITH_SPIKE)

#: The supervisor was started with these. Locust's web page shows them, but cannot change them.
FIXED = ("target", "redis", "fleet_workers", "worker_concurrency", "seed", "out")
#: Drawn once: Locust reads the command line several times.
_SEED = new_seed()


class Spec(str):
    """`--redis` without its password: Locust shows its options on a page, and sends them to
    whoever says to be a worker. `real` has the password."""

    real: str

    def __new__(cls, text: str) -> Spec:
        made = super().__new__(cls, mask(text))
        made.real = text
        return made


def add(parser: LocustArgumentParser) -> None:
    """Add the options. A wrong value gets one sentence and exit code 2."""
    # Locust's `add_argument` knows more arguments than the one of argparse, which types it.
    option: Callable[..., object] = parser.add_argument
    option(
        "--chaos",
        choices=ORDERS,
        default="none",
        help="Hit workers while the load runs: kill them, pause them beyond the lives of their "
        "locks, have them leave (term), cut them off (partition), reset their connections, lose a "
        "reply; or all of it. The last three and all are there only if Locust started with one.",
    )
    option(
        "--fleet-workers",
        type=_at_least_1,
        default=os.cpu_count() or 1,
        metavar="N",
        help="Number of worker processes (default: of CPUs). Fixed when Locust starts.",
    )
    option(
        "--worker-concurrency",
        type=_at_least_1,
        default=10,
        metavar="N",
        help="Number of jobs that a worker runs at a time. Fixed when Locust starts.",
    )
    option(
        "--target",
        type=_target,
        default="rrq_ref",
        help="Queue under test: a name, or module:ATTRIBUTE. Fixed when Locust starts.",
    )
    option(
        "--redis",
        type=_server,
        default=DEFAULT_SPEC,
        help="embedded, local[:path], container[:image], or a URL. Environment: CHAOS_REDIS. "
        "Fixed when Locust starts.",
    )
    option("--seed", type=int, default=_SEED, help="Plan these faults again. Fixed at the start.")
    option(
        "--out",
        default="",
        metavar="DIR",
        help="New directory for the run; by default one below chaos-runs/. Fixed at the start.",
    )
    option(
        "--shape",
        choices=SHAPES,
        default="none",
        help="ramp-spike: climb to half of -u users, spike to all of them, and go back, within -t.",
    )
    # Locust's own default is all interfaces, without a login; who is told that may stop the load.
    parser.set_defaults(web_host="127.0.0.1", master_bind_host="127.0.0.1")


def complaint(name: str, asked: str) -> str | None:
    """Why the web page may not ask for this; None where it may."""
    choices = {"chaos": ORDERS, "shape": SHAPES}.get(name)
    if choices is not None and asked not in choices:
        return f"{name} cannot be {asked!r}; choose one of {', '.join(choices)}"
    if name in ("fleet_workers", "worker_concurrency", "seed") and not asked.isdecimal():
        return f"{name} cannot be {asked!r}; give a whole number"
    return "chaos_run is no option; leave it out" if name == "chaos_run" else None


def repeat(options: Namespace) -> str:
    """The command that repeats this run."""
    words = ["locust", *(mask(word) if "://" in word else word for word in sys.argv[1:])]
    if not any(word.startswith("--seed") for word in words):
        words += ["--seed", str(options.seed)]
    return shlex.join(words)


def _at_least_1(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a number from 1 upwards")
    return int(text)


def _target(text: str) -> str:
    try:
        find_target(text)
    except UnknownTarget as error:
        raise ArgumentTypeError(str(error)) from error
    return text


def _server(text: str) -> Spec:
    try:
        open_server(text, Path())  # it is not started, and nothing is written
    except ServerProblem as error:
        raise ArgumentTypeError(str(error)) from error
    return Spec(text)
