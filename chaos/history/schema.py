"""The fields of a history event, and which of them each type of event must have."""

from __future__ import annotations

COLUMNS: dict[str, str] = {
    # common
    "t": "BIGINT",
    "process": "VARCHAR",
    "pid": "BIGINT",
    "type": "VARCHAR",
    # jobs and attempts
    "job": "VARCHAR",
    "queue": "VARCHAR",
    "token": "BIGINT",
    "worker": "VARCHAR",
    "op": "VARCHAR",
    "phase": "VARCHAR",
    "unique": "VARCHAR",
    "due_t": "BIGINT",
    "max_retries": "BIGINT",
    "max_crashes": "BIGINT",
    "kind": "VARCHAR",
    "effects": "BIGINT",
    "doomed": "BOOLEAN",
    "resists": "BOOLEAN",
    "result_ttl_s": "BIGINT",
    "answer_job": "VARCHAR",
    "error": "VARCHAR",
    "attempt": "BIGINT",
    "outcome": "VARCHAR",
    # transitions
    "answer": "VARCHAR",
    "t_sent": "BIGINT",
    "ttl_ms": "BIGINT",
    # processes, faults, health
    "event": "VARCHAR",
    "name": "VARCHAR",
    "child_pid": "BIGINT",
    "role": "VARCHAR",
    "burst": "BOOLEAN",
    "code": "BIGINT",
    "signal": "BIGINT",
    "fault": "VARCHAR",
    "target": "VARCHAR",
    "seen": "BOOLEAN",
    # final state
    "what": "VARCHAR",
    "ok": "BOOLEAN",
    "state": "VARCHAR",
    "retries": "BIGINT",
    "crashes": "BIGINT",
    "key": "VARCHAR",
    "owner": "VARCHAR",
    "alive": "BOOLEAN",
}
"""DuckDB's type of every field that is read. Other fields are ignored."""

REQUIRED: dict[str, tuple[str, ...]] = {
    "enqueue": ("phase", "op"),
    "hello": ("worker",),
    "start": ("job",),
    "end": ("job", "outcome"),
    "transition": ("op",),
    "process": ("event", "name"),
    "fault": ("event", "fault", "kind"),
    "health": ("worker", "seen"),
    "server": ("event",),
    "rig": ("event",),
    "final": ("what",),
}
"""The fields without which an event of this type says nothing. Its keys are all the types."""

REQUIRED_OF_FINAL: dict[str, tuple[str, ...]] = {
    "read": ("ok",),
    "job": ("job", "state"),
    "effect": ("job",),
    "queue": ("job",),
    "lock": ("job",),
    "dlq": ("job",),
    "key": ("key",),
    "worker": ("worker", "alive", "seen"),
}
"""The same for `final` events, by `what`."""

WORDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("enqueue", "phase"): ("invoke", "ok", "fail", "info"),
    ("end", "outcome"): ("ok", "error", "cancelled", "lost"),
    ("transition", "op"): (
        *("enqueue", "claim", "refresh", "finish", "retry"),
        *("release", "bury", "takeback", "requeue"),
    ),
    ("transition", "answer"): ("ok", "repeat", "refused"),
    ("process", "event"): ("spawn", "ready", "exit", "working", "idle"),
    ("fault", "event"): ("planned", "landed", "healed", "missed", "cancelled"),
    ("server", "event"): ("up", "down"),
    ("rig", "event"): ("started", "finished", "broken", "obstructed"),
    ("final", "what"): tuple(REQUIRED_OF_FINAL),
    ("final", "state"): ("queued", "active", "retrying", "completed", "dead", "missing"),
}
"""The words allowed in (type of event, field)."""

MAX_TIME_NS = 2**61
MAX_DURATION_MS = 10**11
"""Bounds (73 years; 3 years) within which the checks can add times without an overflow."""


def complaint_sql() -> str:
    """A SQL expression over one event: what is wrong with it in a few words, or NULL."""
    cases = [
        "WHEN t IS NULL OR process IS NULL OR pid IS NULL OR type IS NULL "
        "THEN 'without t, process, pid or type'",
        f"WHEN type NOT IN ({_texts(REQUIRED)}) THEN 'of the unknown type \"' || type || '\"'",
        f"WHEN t NOT BETWEEN 0 AND {MAX_TIME_NS} THEN 'with an impossible time'",
        *(
            f"WHEN {column} NOT BETWEEN 0 AND {MAX_TIME_NS} THEN 'with an impossible {column}'"
            for column in ("t_sent", "due_t")
        ),
        f"WHEN abs(ttl_ms::HUGEINT) > {MAX_DURATION_MS} THEN 'with an impossible ttl_ms'",
    ]
    for type_, fields in REQUIRED.items():
        cases += [
            f"WHEN type = '{type_}' AND {field} IS NULL THEN 'of type {type_} without {field}'"
            for field in fields
        ]
    for what, fields in REQUIRED_OF_FINAL.items():
        cases += [
            f"WHEN type = 'final' AND what = '{what}' AND {field} IS NULL "
            f"THEN 'of type final {what} without {field}'"
            for field in fields
        ]
    cases.append(
        "WHEN type = 'enqueue' AND phase = 'invoke' AND job IS NULL "
        "THEN 'of type enqueue invoke without job'"
    )
    for (type_, field), words in WORDS.items():
        cases.append(
            f"WHEN type = '{type_}' AND {field} NOT IN ({_texts(words)}) "
            f"THEN 'of type {type_} with the unknown {field} \"' || {field} || '\"'"
        )
    return "CASE " + "\n".join(cases) + " END"


def _texts(words: dict[str, tuple[str, ...]] | tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)
