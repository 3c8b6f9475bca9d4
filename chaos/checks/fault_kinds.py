"""The table `fault_kinds`: what the checks know of each kind of fault.

A row for each name that a history may call a fault by, former names too:

    kind          the name in the history
    name          the present name
    of_server     whether it is one of the server
    lasts         whether it goes on until it is healed; otherwise it is over when it has landed
    forgets       whether the server may have forgotten what it had accepted
    takes_down    whether the server is down meanwhile
    steps_clock   whether the server's clock is another one after it
    ends          whether a process that is hit dies
    leaves        whether it is asked to leave
    halts         whether it stands still, and hears of nothing until it goes on
    hurries       whether it is to leave without its grace period
    ruins         whether the job that it lands at is lost by it
    unfelt        whether nothing may come of it
    hangs         whether it does nothing meanwhile, and cannot say so
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from chaos.faults import FAULTS, FaultKind, ServerFault

COLUMNS = (
    *("of_server", "lasts", "forgets", "takes_down", "steps_clock"),
    *("ends", "leaves", "halts", "hurries", "hangs", "unfelt", "ruins"),
)


def make_table(db: duckdb.DuckDBPyConnection) -> None:
    """Make the table in a database of a history."""
    # One statement: DuckDB takes a millisecond for each insert.
    values = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows())
    columns = ", ".join(("kind", "name", *COLUMNS))
    db.execute(f"CREATE TABLE fault_kinds AS FROM (VALUES {values}) AS kinds ({columns})")


def _literal(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else f"'{value}'"


def rows() -> Iterator[tuple[str | bool, ...]]:
    """The rows of the table."""
    for kind in FAULTS:
        for name in (kind.name, *kind.former):
            yield (name, kind.name, *properties(kind).values())


def properties(kind: FaultKind) -> dict[str, bool]:
    """One fault's properties, by the names of `COLUMNS`."""
    server = kind if isinstance(kind, ServerFault) else None
    values = (
        *(server is not None, kind.lasts, kind.forgets),
        *(server is not None and server.takes_down, server is not None and server.steps_clock),
        *(kind.to_process == word for word in ("ends", "leaves", "halts")),
        *(kind.hurries, kind.hangs, kind.unfelt, kind.ruins),
    )
    return dict(zip(COLUMNS, values, strict=True))
