"""The code of modules as one text: what they import stands at its head, once."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

_INLINED = "chaos.repro.inlined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """Modules, each with its first sentence before it."""

    imports: str
    code: str


def copied(names: Sequence[str]) -> Copied:
    """The code of these modules of `chaos.repro.inlined`, in this order."""
    whole: set[str] = set()
    parts: dict[str, set[str]] = {}
    texts = []
    for name in names:
        source = source_of(name)
        module = ast.parse(source)
        lines = source.splitlines()
        for node in reversed(module.body):
            if isinstance(node, ast.Import):
                whole.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                parts.setdefault(node.module or "", set()).update(a.name for a in node.names)
            if isinstance(node, ast.Import | ast.ImportFrom) or node is module.body[0]:
                del lines[node.lineno - 1 : node.end_lineno]
        head = (ast.get_docstring(module) or "").split("\n\n")[0].replace("\n", " ")
        texts.append(f"# {head}\n\n" + "\n".join(lines).strip())
    ours = [name for name in parts if name.startswith("chaos.") or name == "__future__"]
    for name in ours:
        del parts[name]
    lines = [f"import {name}" for name in sorted(whole)]
    lines += [f"from {name} import {', '.join(sorted(parts[name]))}" for name in sorted(parts)]
    return Copied(imports="\n".join(lines), code="\n\n\n".join(texts))


def source_of(name: str) -> str:
    """The source of a module of `chaos.repro.inlined`."""
    spec = find_spec(f"{_INLINED}.{name}")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).read_text()
