"""The pages about what is recorded and judged, written from the code: `python -m chaos.documents`.

`docs/history.md` comes from the events and the kinds of faults, `docs/history.schema.json` from the
events, and `docs/anomalies.md` from the guarantees. Prose that says more than these stands in the
templates beside this file.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from inspect import getdoc
from pathlib import Path

from chaos.evidence import Evidence
from chaos.faults import FAULTS
from chaos.guarantees import GUARANTEES, Anomaly
from chaos.history.event import Event
from chaos.history.json_schema import json_schema
from chaos.history.schema import REQUIRED, base_of, events_by_type, fields_of
from chaos.report.templates import templates

_WIDTH = 100
_TYPES = {int: "integer", str: "text", bool: "boolean"}


def documents() -> dict[str, str]:
    """Each page by its name, as it has to be."""
    return {
        "history.md": _render("history.md"),
        "anomalies.md": _render("anomalies.md"),
        "history.schema.json": json.dumps(json_schema(), indent=2) + "\n",
    }


def _render(name: str) -> str:
    environment = templates(Path(__file__).parent)
    environment.filters |= {
        "sentence": _sentence,
        "wrapped": _wrapped,
        "item": _item,
        "meaning": _meaning,
        "needs": _needs,
        "listed": _listed,
    }
    page = environment.get_template(f"{name}.jinja")
    return page.render(
        guarantees=GUARANTEES.values(),
        evidence=Evidence,
        faults=FAULTS,
        forgetting=_forgetting(),
        event=_described,
    )


def _forgetting() -> str:
    names = _listed([kind.name for kind in FAULTS.of_server.values() if kind.forgets])
    return (
        f"After {names}, and after a fault of the server that is not in this table, the server may "
        "have forgotten what it had accepted. The checks that compare its earlier answers with its "
        "later ones then stay silent."
    )


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:].rstrip(".") + "."


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _item(text: str) -> str:
    return _wrapped(f"* {text}", "  ")


def _meaning(anomaly: Anomaly) -> str:
    query = f"../chaos/checks/{anomaly.id.replace('-', '_')}.sql"
    return _wrapped(f"**[`{anomaly.id}`]({query})**: {anomaly.meaning}")


def _needs(anomaly: Anomaly) -> str:
    """The evidence without which a check cannot look."""
    return ", or ".join(_listed(need) for need in anomaly.needs)


def _described(type_: str) -> str:
    """The section about one type of event: its prose, and a table of its fields."""
    events = events_by_type()[type_]
    prose = [
        _wrapped(" ".join(part.split())) for part in (getdoc(base_of(events)) or "").split("\n\n")
    ]
    rows = ["| field | type | needed | meaning |", "|---|---|---|---|", *_rows(events)]
    return "\n\n".join([f"### `{type_}`", *prose, "\n".join(rows)])


def _rows(events: list[type[Event]]) -> Iterator[str]:
    if (word := events[0].word) is not None:
        meanings = (f"`{one.word[1]}`: {_clause(one)}" for one in events if one.word is not None)
        yield f"| `{word[0]}` | text | yes | {'; '.join(meanings)} |"
    names = dict.fromkeys(field.name for one in events for field in fields_of(one))
    for name in names:
        yield _row(name, events)


def _clause(event: type[Event]) -> str:
    """An event's docstring, for the middle of a sentence."""
    text = " ".join((getdoc(event) or "").split())
    return text[0].lower() + text[1:].removesuffix(".")


def _row(name: str, events: list[type[Event]]) -> str:
    having = [(one, field) for one in events for field in fields_of(one) if field.name == name]
    needing = [_word(one) for one, field in having if field.needed]
    always = name in REQUIRED[events[0].type]
    needed = "yes" if always else f"with {_listed(needing)}" if needing else ""
    by_meaning: dict[str, list[str]] = {}
    for one, field in having:
        by_meaning.setdefault(field.meaning, []).append(_word(one))
    # Where it is always there, or wherever it may be, its word need not be said.
    plain = len(by_meaning) == 1 and (len(having) == len(events) or len(having) == len(needing))
    meaning = "; ".join(
        text if plain else f"with {_listed(words)}: {text}" for text, words in by_meaning.items()
    )
    return f"| `{name}` | {_TYPES[having[0][1].type]} | {needed} | {meaning} |".replace(
        "|  |", "| |"
    )


def _word(event: type[Event]) -> str:
    return event.word[1] if event.word is not None else event.type


def _listed(words: Sequence[str]) -> str:
    quoted = [f"`{word}`" for word in words]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
