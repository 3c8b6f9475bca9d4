"""The house: which part may know which, read from the imports in the sources.

Everything counts that ties one file to another: imports for types only, and those inside functions.
What a file does only as a program, below `if __name__ == "__main__"`, does not.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

# It reads sources and pages, which are the same on every Python.
pytestmark = pytest.mark.slow

#: Parts of `chaos`, the lowest first. A part may import those below it, and no other.
LAYERS = (
    {"errors"},
    {"evidence"},
    {"guarantees"},
    {"processes"},
    {"history"},
    {"servers"},
    {"faults"},
    {"wire"},
    {"jobs"},
    {"targets"},
    {"handlers"},
    {"checks"},
    {"known"},
    {"report"},
    {"rig"},
    {"inference"},
    {"sweep", "rewind", "planted", "load", "documents", "public"},
    {"questions"},
    {"repro"},
    {"compare"},
    {"cli"},
    {"scenarios"},
    {"programs"},
)
#: Only they know the reference: the rig is for any queue.
KNOW_THE_REFERENCE = ("chaos.targets.rrq_ref", "chaos.planted")

Imports = Mapping[str, set[str]]


def sources(package: str) -> dict[str, Path]:
    """The files of a package, installed or not, by the names of their modules."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    found = {}
    (root,) = map(Path, spec.submodule_search_locations)
    for path in root.rglob("*.py"):
        words = (package, *path.relative_to(root).with_suffix("").parts)
        found[".".join(words).removesuffix(".__init__")] = path
    return found


def imports(files: Mapping[str, Path]) -> Imports:
    """The imports of each of these modules among the others."""
    return {
        module: set(_imported(module, path, files)) - {module} for module, path in files.items()
    }


def _imported(module: str, path: Path, modules: Iterable[str]) -> Iterator[str]:
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in _nodes(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            of = ".".join(filter(None, (base, node.module)))
            for alias in node.names:
                name = f"{of}.{alias.name}"
                if name in modules:
                    yield name
                elif of in modules:
                    yield of


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    """The node and all below it but for the part that runs as a program only."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'":
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _nodes(child)


def part(module: str) -> str:
    """The part of `chaos` that a module belongs to."""
    words = module.split(".")[1:]
    if words[-1:] == ["__main__"]:
        return "programs"
    known = {name for layer in LAYERS for name in layer}
    return words[0] if words[0] in known else "scenarios"


def floor(module: str) -> int:
    (number,) = (number for number, layer in enumerate(LAYERS) if part(module) in layer)
    return number


def circle(graph: Imports) -> list[str]:
    """One circle of a graph, or none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


@cache
def chaos() -> Imports:
    found = sources("chaos")
    assert len(found) > 100
    del found["chaos"]
    return imports(found)


@pytest.mark.parametrize("package", ["chaos", "rrq_ref", "loadtests"])
def test_no_files_import_each_other_in_a_circle(package: str) -> None:
    assert circle(imports(sources(package))) == []


def test_no_parts_of_chaos_import_each_other_in_a_circle() -> None:
    parts: dict[str, set[str]] = {}
    for module, imported in chaos().items():
        others = {part(each) for each in imported} - {part(module)}
        parts.setdefault(part(module), set()).update(others)
    assert circle(parts) == []


@pytest.mark.parametrize("number", range(len(LAYERS)))
def test_no_part_of_chaos_imports_one_above_it(number: int) -> None:
    upwards = [
        f"{module} -> {each}"
        for module, imported in sorted(chaos().items())
        for each in sorted(imported)
        if floor(module) == number and floor(each) > number
    ]
    assert upwards == []


def test_every_folder_of_chaos_has_its_place() -> None:
    folders = {path.parent.name for path in Path(sources("chaos")["chaos"]).parent.glob("*/*.py")}
    assert folders - {name for layer in LAYERS for name in layer} == set()


def test_the_reference_knows_nothing_of_the_rig() -> None:
    both = imports(sources("rrq_ref") | sources("chaos"))
    assert {m for m, i in both.items() if m.startswith("rrq_ref") for e in i if "chaos" in e} == (
        set()
    )


def test_the_rig_knows_nothing_of_the_reference() -> None:
    both = imports(sources("rrq_ref") | sources("chaos"))
    knowing = {
        module
        for module, imported in both.items()
        if module.startswith("chaos") and any(each.startswith("rrq_ref") for each in imported)
    }
    assert [module for module in knowing if not module.startswith(KNOW_THE_REFERENCE)] == []


def test_an_import_is_seen_wherever_it_stands(tmp_path: Path) -> None:
    texts = {
        "p": "from p.a import g",
        "p.a": "from __future__ import annotations\nimport p.b, os",
        "p.b": "if TYPE_CHECKING:\n    from .c import C",
        "p.c": "def f():\n    from . import d",
        "p.d": "from p import g",
        "p.e": "if __name__ == '__main__':\n    import p.f",
        "p.f": "x = 1",
    }
    files = {name: tmp_path / f"{name}.py" for name in texts} | {"p": tmp_path / "__init__.py"}
    for name, path in files.items():
        path.write_text(texts[name])
    found = imports(files)
    assert found == {
        "p": {"p.a"},
        "p.a": {"p.b"},
        "p.b": {"p.c"},
        "p.c": {"p.d"},
        "p.d": {"p"},
        "p.e": set(),
        "p.f": set(),
    }
    assert set(circle(found)) == {"p", "p.a", "p.b", "p.c", "p.d"}
