"""Small mistakes, made mechanically in a SQL text.

A `Mutant` is the text with one mistake, such as a person makes: a condition that is forgotten or
negated, a comparison the wrong way round, an outer join that should be an inner one, an aggregate's
opposite, a word that is missing from a list. Comments, and the sentences that a check writes
(`format(…) AS why`), are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(r"--[^\n]*|'(?:[^']|'')*'|\"[^\"]*\"|\w+|<>|<=|>=|\|\||\s+|.", re.DOTALL)
_OPENING = {"(", "CASE"}
_CLOSING = {")", "END"}
#: At these words, on its own level, a condition begins or ends.
_EDGES = {
    *("AND", "OR", "WHERE", "ON", "WHEN", "THEN", "ELSE", "HAVING", "SELECT"),
    *("GROUP", "ORDER", "LEFT", "JOIN", "ASOF", "FULL", "UNION", "FROM", "AS"),
    *("WINDOW", "CROSS", "LIMIT", "PARTITION", "ROWS", ",", ";"),
}
_SWAPS = {
    "<": (">",),
    ">": ("<",),
    "<=": (">",),
    ">=": ("<",),
    "=": ("<>",),
    "<>": ("=",),
    "min": ("max",),
    "max": ("min",),
    "arg_min": ("arg_max",),
    "arg_max": ("arg_min",),
    "least": ("greatest",),
    "greatest": ("least",),
    "bool_or": ("bool_and",),
    "bool_and": ("bool_or",),
    "lead": ("lag",),
    "lag": ("lead",),
    "true": ("false",),
    "false": ("true",),
    "DISTINCT": ("",),
    "ANTI": ("SEMI",),
    "LEFT": ("",),
    "NOT": ("",),
    "+": ("-",),
    "-": ("+",),
    "AND": ("OR",),
    "OR": ("AND",),
}
_BOUNDARIES = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
#: Names of times, for which a nanosecond more or less decides nothing.
_TIMES = re.compile(r"\b(t|\w+_t|t_sent|deadline|live_until|dead_by|dead_from|spent_t)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """`sql` is the changed text, `line` the line of the original that was changed, and how."""

    line: str
    change: str
    sql: str

    def __str__(self) -> str:
        return f"{self.change}   in   {self.line}"


class _Text:
    """The tokens of a SQL text that count, each with its depth in parentheses and CASEs."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.tokens: list[str] = []
        self.starts: list[int] = []
        self.depths: list[int] = []
        depth = 0
        for match in _TOKEN.finditer(sql):
            token = match[0]
            if token.isspace() or token.startswith("--"):
                continue
            depth -= token in _CLOSING
            self.tokens.append(token)
            self.starts.append(match.start())
            self.depths.append(depth)
            depth += token in _OPENING
        self.masked = self._sentences()

    def _sentences(self) -> set[int]:
        masked: set[int] = set()
        for index, token in enumerate(self.tokens):
            if token == "format":
                masked.update(range(index, self.closing(index + 1) + 1))
        return masked

    def closing(self, opening: int) -> int:
        """The index at which the parenthesis or CASE that opens at this token closes."""
        depth = self.depths[opening]
        following = range(opening + 1, len(self.tokens))
        return next(i for i in following if self.depths[i] == depth)

    def replaced(self, first: int, last: int, by: str) -> Mutant:
        """The text with the tokens from `first` to `last` replaced."""
        begin, end = self.starts[first], self.starts[last] + len(self.tokens[last])
        line = self.sql[: self.sql.find("\n", begin)].rpartition("\n")[2].strip()
        old = " ".join(self.sql[begin:end].split())
        sql = f"{self.sql[:begin]} {by} {self.sql[end:]}"
        return Mutant(line=line, change=f"{old} -> {by or 'nothing'}", sql=sql)

    def joins_conditions(self, index: int) -> bool:
        """True if this AND or OR joins conditions, and is not that of a BETWEEN or of ROWS."""
        if self.tokens[index] not in ("AND", "OR"):
            return False
        before = [i for i in range(index) if self.depths[i] == self.depths[index]]
        for i in reversed(before):
            if self.tokens[i] in _EDGES:
                return True
            if self.tokens[i] == "BETWEEN":
                return False
        return True

    def reach(self, index: int, step: int) -> int:
        """The last token of the condition that begins (or ends, with step -1) beside `index`."""
        i, depth = index + step, self.depths[index]
        while 0 <= i < len(self.tokens) and self.depths[i] >= depth:
            own = self.depths[i] == depth
            if own and self.tokens[i] in _EDGES and not self._inside_operator(i):
                break
            i += step
        return i - step

    def reach_clause(self, index: int) -> int:
        """The last token of the WHERE or PARTITION BY that begins at `index`."""
        ends = {"GROUP", "ORDER", "WINDOW", "UNION", "HAVING", ";"}
        i, depth = index + 1, self.depths[index]
        while i < len(self.tokens) and self.depths[i] >= depth:
            if self.depths[i] == depth and self.tokens[i] in ends:
                break
            i += 1
        return i - 1

    def compares_times(self, index: int) -> bool:
        sides = self.tokens[self.reach(index, -1) : self.reach(index, +1) + 1]
        return any(_TIMES.fullmatch(token) for token in sides)

    def _inside_operator(self, index: int) -> bool:
        """IS DISTINCT FROM, and the AND of a BETWEEN."""
        if self.tokens[index] == "FROM":
            return self.tokens[index - 1] == "DISTINCT"
        return self.tokens[index] == "AND" and not self.joins_conditions(index)


def mutants(sql: str) -> Iterator[Mutant]:
    """Every mutant of a text, in its order."""
    text = _Text(sql)
    for index, token in enumerate(text.tokens):
        if index in text.masked:
            continue
        if text.joins_conditions(index):
            yield from _without_conditions(text, index)
        yield from _swapped(text, index)
        if token in ("WHERE", "FILTER", "PARTITION"):
            yield from _without_clause(text, index)
        if token == "coalesce":
            yield from _without_default(text, index)
        if token == "IN" and text.tokens[index + 1] == "(":
            yield from _without_words(text, index + 1)
        if token in ("+", "-"):
            yield text.replaced(index, text.reach(index, +1), "")


def _without_conditions(text: _Text, index: int) -> Iterator[Mutant]:
    neutral = "true" if text.tokens[index] == "AND" else "false"
    yield text.replaced(index + 1, text.reach(index, +1), neutral)
    first = text.reach(index, -1)
    # Of a chain the earlier ones have been dropped as right sides.
    if text.tokens[first - 1] not in ("AND", "OR"):
        yield text.replaced(first, index - 1, neutral)


def _swapped(text: _Text, index: int) -> Iterator[Mutant]:
    token = text.tokens[index]
    if token in ("AND", "OR") and not text.joins_conditions(index):
        return
    if token == "DISTINCT" and text.tokens[index + 1] == "FROM":
        if text.tokens[index - 1] == "IS":
            yield text.replaced(index, index, "NOT DISTINCT")
        return
    if token in ("<", "=", ">") and text.tokens[index + 1] == ">":
        return
    for other in _SWAPS.get(token, ()):
        yield text.replaced(index, index, other)
    if token in _BOUNDARIES and not text.compares_times(index):
        yield text.replaced(index, index, _BOUNDARIES[token])


def _without_clause(text: _Text, index: int) -> Iterator[Mutant]:
    if text.tokens[index] == "FILTER":
        yield text.replaced(index, text.closing(index + 1), "")
    elif text.tokens[index] == "WHERE":
        yield text.replaced(index + 1, text.reach_clause(index), "true")
    else:
        yield text.replaced(index, text.reach_clause(index), "")


def _without_default(text: _Text, index: int) -> Iterator[Mutant]:
    """coalesce(a, b) -> a"""
    opening, closing = index + 1, text.closing(index + 1)
    commas = [
        i
        for i in range(opening, closing)
        if text.tokens[i] == "," and text.depths[i] == text.depths[opening] + 1
    ]
    yield text.replaced(commas[-1], closing - 1, "")


def _without_words(text: _Text, opening: int) -> Iterator[Mutant]:
    closing = text.closing(opening)
    words = [i for i in range(opening + 1, closing) if text.tokens[i].startswith("'")]
    if len(words) > 1:
        for i in words:
            yield text.replaced(i, i, "'-'")
