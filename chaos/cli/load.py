"""`rrq-chaos load`: how to load a queue with Locust."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

import chaos.load
from chaos.report import output

#: The file that Locust loads.
LOCUSTFILE = Path(chaos.load.__file__).parent / "generator" / "users.py"


@click.command(name="load")
@click.option("--path", "only_path", is_flag=True, help="Print the path of the locustfile alone.")
def command(only_path: bool) -> None:
    """Say where the locustfile of the load test is, and how to call Locust with it.

    Locust enqueues, workers are killed meanwhile, and no job may be lost.
    """
    console = output.console()
    if only_path:
        console.print(str(LOCUSTFILE), soft_wrap=True)
        return
    console.print("The load test is a locustfile; Locust comes with pip install 'rrq-chaos[load]'.")
    console.print("To load the queue for 20 s while its workers are killed:\n")
    words = "--headless -u 20 -r 10 -t 20s --chaos kill"
    console.print(f"  locust -f {shlex.quote(str(LOCUSTFILE))} {words}\n", soft_wrap=True)
    console.print("locust --help explains the options of the load test below Locust's own.")
