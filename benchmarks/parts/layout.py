"""The layout in which benchmarks show their figures."""

from __future__ import annotations

from collections.abc import Mapping

from rich import box
from rich.console import Console
from rich.table import Table


def print_about(about: Mapping[str, object], console: Console) -> None:
    text = ", ".join(f"{name} {value}" for name, value in about.items())
    console.print(text)


def table(title: str, first: str, *columns: str) -> Table:
    """An empty table whose first column holds names, the others figures."""
    # No spare padding: the widest table has to fit into 80 columns.
    empty = Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
    )
    empty.add_column(first, no_wrap=True)
    for column in columns:
        empty.add_column(column, justify="right", no_wrap=True)
    return empty
