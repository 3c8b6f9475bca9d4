"""`rrq-chaos docs`: the pages that are written from the code."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import click

from chaos.cli.program import enter
from chaos.documents import documents
from chaos.report import output

_DOCS = Path(__file__).parents[2] / "docs"


@click.command(name="docs")
@click.option(
    "--directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=_DOCS,
    help="Write them here (default: docs/ of the sources).",
)
def command(directory: Path) -> None:
    """Write history.md, history.schema.json and anomalies.md again, after a change of the code."""
    for name, text in documents().items():
        (directory / name).write_text(text, encoding="utf-8")
        output.console().print(str(directory / name), soft_wrap=True)


def main() -> NoReturn:
    enter(command, "python -m chaos.documents")
