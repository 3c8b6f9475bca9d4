"""`rrq-chaos infer`: which commands of a queue make its transitions."""

from __future__ import annotations

import sys
from typing import Any

import click

from chaos.cli import options
from chaos.cli.program import guarded
from chaos.inference import watch
from chaos.inference.known import CLEAN
from chaos.report import output
from chaos.rig.options import Options
from chaos.rig.progress import Progress


@click.command(name="infer")
@options.run
def command(**chosen: Any) -> None:
    """Play a few jobs without any fault, and print which command takes a job and which ends it."""

    def work() -> int:
        console = output.console()
        inferred = watch(CLEAN.setup(Options(**chosen)), Progress(console))
        for line in inferred.lines():
            console.print(line, soft_wrap=True, markup=False)
        return 0

    sys.exit(guarded(work))
