"""The pages are true: links lead to files, and the tour's functions and excerpts are in its files.

`rrq_ref` and `chaos` may be installed packages, whose files are not beside the pages.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from chaos.history.schema import COLUMNS, REQUIRED, STAMP, WORDS
from tests.test_layout import LAYERS

# It reads sources and pages, which are the same on every Python.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TOUR = (ROOT / "docs" / "tour.md").read_text("utf-8")
PACKAGES = ("rrq_ref", "chaos")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#([^)]*))?\)")
ELISION = "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One stop of the tour: its files, the functions in them, and its excerpts by language."""

    title: str
    files: list[str]
    functions: list[str]
    excerpts: list[tuple[str, str]]

    @property
    def sources(self) -> list[str]:
        return [source(file).read_text("utf-8") for file in self.files]


def source(file: str) -> Path:
    """A file of the tree, which may be in an installed package instead."""
    package, _, rest = file.partition("/")
    spec = find_spec(package) if package in PACKAGES else None
    if spec is None or not spec.submodule_search_locations:
        return ROOT / file
    return Path(spec.submodule_search_locations[0]) / rest


def stops() -> Iterator[Stop]:
    for text in re.split(r"^### (?=\d)", TOUR, flags=re.MULTILINE)[1:]:
        title, _, body = text.partition("\n")
        yield Stop(
            title=title,
            files=[target.removeprefix("../") for target, _ in LINK.findall(title)],
            functions=re.findall(r"(?<!\[)`([\w.]+)`", title),
            excerpts=re.findall(r"^```(\w+)\n(.*?)^```$", body, re.MULTILINE | re.DOTALL),
        )


STOPS = list(stops())


def defined(text: str) -> set[str]:
    """The names that a file defines: functions, classes, and methods as `Class.method`."""
    try:
        body = ast.parse(text).body
    except SyntaxError:  # Lua
        return set(re.findall(r"function (\w+)", text))
    names = set()
    for node in body:
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{name}" for name in _functions(node.body)} | {node.name}
    return names | _functions(body)


def _functions(body: list[ast.stmt]) -> set[str]:
    return {n.name for n in body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}


def lines(text: str) -> str:
    """Lines without their indentation, as one text that can be searched for others."""
    return "\n" + "\n".join(line.strip() for line in text.splitlines()) + "\n"


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.title.partition(".")[0])
def test_the_functions_of_a_stop_are_in_its_files(stop: Stop) -> None:
    assert stop.files
    known = set().union(*map(defined, stop.sources))
    assert set(stop.functions) <= known


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.title.partition(".")[0])
def test_the_excerpts_of_a_stop_are_from_its_files(stop: Stop) -> None:
    assert stop.excerpts
    for language, excerpt in stop.excerpts:
        if language == "json":
            for line in excerpt.splitlines():
                assert_is_event(json.loads(line))
            continue
        for part in lines(excerpt).split(f"\n{ELISION}\n"):
            assert any(f"\n{part.strip()}\n" in lines(text) for text in stop.sources), part


def assert_is_event(line: dict[str, object]) -> None:
    """Assert that a line has the fields of an event, and only such."""
    kind = str(line["type"])
    assert line.keys() >= {"t", "process", *REQUIRED[kind]}
    assert line.keys() <= {*STAMP, *COLUMNS}
    for (of, field), words in WORDS.items():
        assert of != kind or line.get(field, words[0]) in words


def test_the_stops_are_numbered_in_order() -> None:
    assert [int(stop.title.partition(".")[0]) for stop in STOPS] == [*range(1, len(STOPS) + 1)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    for target, anchor in LINK.findall(page.read_text("utf-8")):
        found = (page.parent / target).resolve().relative_to(ROOT.resolve())
        assert source(found.as_posix()).exists(), target
        assert not anchor or anchor in anchors(page.parent / target), f"{target}#{anchor}"


def test_the_folders_of_the_rig_are_listed_from_the_lowest_to_the_highest() -> None:
    page = (ROOT / "docs" / "rig.md").read_text("utf-8")
    listed = re.findall(r"^\| `chaos/(\w+)/` \|", page, re.MULTILINE)
    root = source("chaos/__init__.py").parent
    folders = {path.parent.name for path in root.glob("*/__init__.py")}
    floors = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    assert set(listed) == folders
    assert [floors[name] for name in listed] == sorted(floors[name] for name in listed)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as a forge makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in headings}
