"""`python -m chaos.load`: the supervisor of a load test, which Locust starts."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import Any, NoReturn

import click

from chaos.cli import options
from chaos.cli.playing import play
from chaos.cli.program import enter, guarded
from chaos.load import protocol, supervisor
from chaos.load.protocol import say_verdict
from chaos.processes import die_with_parent
from chaos.report import output, print_verdict
from chaos.rig.progress import Progress


@click.command(name="python -m chaos.load", help=f"{supervisor.__doc__}\n{protocol.__doc__}")
@options.target
@options.redis
@click.option("--workers", type=click.IntRange(1, 200), default=2, show_default=True)
@click.option("--concurrency", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option("--wire", is_flag=True, help="Workers reach the server through the wire proxy.")
@click.option("--seed", type=int)
@options.out
@click.option("--repeat", default="locust -f loadtests/", help="The command that repeats the run.")
def command(workers: int, concurrency: int, wire: bool, **chosen: Any) -> None:
    """See the modules above."""

    def work() -> int:
        # The end of the load generator interrupts this process in any state. By SIGTERM and not by
        # SIGKILL, so that workers that stand still are not left behind.
        die_with_parent(signal.SIGTERM)
        scenario = supervisor.scenario(workers, concurrency, wire=wire)
        progress = Progress(output.console(stderr=True))
        played = play(scenario, supervisor.LoadOptions(**chosen), progress)
        say_verdict(played.verdict.outcome)
        console = output.console()
        print_verdict(played.verdict, console, played.story)
        console.print(f"run directory: {played.directory}", soft_wrap=True)
        return played.verdict.outcome.exit_code

    code = guarded(work)
    # The reader may have gone; that must not become a message at the interpreter's end.
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    os._exit(code)


def main() -> NoReturn:
    enter(command, "python -m chaos.load")
