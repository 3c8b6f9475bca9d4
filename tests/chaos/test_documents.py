"""The pages about histories are what the command writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from chaos.cli.docs import command
from chaos.documents import documents
from chaos.history.json_schema import json_schema

# It reads sources and pages, which are the same on every Python.
pytestmark = pytest.mark.slow

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", ["history.md", "anomalies.md", "history.schema.json"])
def test_a_page_is_what_the_command_writes(name: str) -> None:
    found = (DOCS / name).read_text(encoding="utf-8")
    assert found == documents()[name], "run python -m chaos.documents"


def test_the_command_writes_all_pages(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["--directory", str(tmp_path)])

    assert done.exit_code == 0, done.output
    assert {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()} == documents()
    assert json.loads((tmp_path / "history.schema.json").read_text()) == json_schema()
