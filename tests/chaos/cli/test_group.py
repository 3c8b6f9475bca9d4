"""`python -m chaos` in this process: its list, its sub-commands, and what it asks its children."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from chaos.cli.catalogue import scenarios
from chaos.cli.group import command, usual
from chaos.cli.scenario import command_of
from chaos.guarantees import GUARANTEES
from chaos.rig.options import Options


def listed() -> dict[str, list[str]]:
    """The list: of each scenario the lines below its command."""
    done = CliRunner().invoke(command, ["list"])
    assert done.exit_code == 0
    found: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        if line.startswith("python -m chaos."):
            lines = found.setdefault(line.removeprefix("python -m chaos."), [])
        else:
            lines.append(line)
    return found


def test_every_scenario_is_listed_with_its_story_and_its_guarantees() -> None:
    found = listed()
    assert list(found) == [scenario.name for scenario in scenarios()]
    for scenario in scenarios():
        lines = found[scenario.name]
        assert " ".join(" ".join(lines).split()).startswith(" ".join(scenario.story.split()))
        # A line of its own for each: their names are words that occur in stories as well.
        named = [line.strip().partition(": ")[0] for line in lines if line.startswith("  ")]
        assert [name for name in named if name in GUARANTEES] == list(scenario.guarantees)


def test_a_child_plays_one_run_of_any_scenario_with_the_words_that_it_is_given() -> None:
    for scenario in scenarios():
        words = usual(scenario, Options(jobs=5)).words()
        context = command_of(scenario).make_context(scenario.name, words)
        own = {parameter.name: parameter.default for parameter in scenario.parameters}
        assert own.items() <= context.params.items()
        assert context.params.get("runs", 1) == 1


@pytest.mark.parametrize("words", [["kill_everything"], ["list", "--nonsense"], ["check"]])
def test_wrong_usage_is_refused(words: list[str]) -> None:
    assert CliRunner().invoke(command, words).exit_code == 2


def test_a_run_directory_that_is_not_there_is_unknown(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["check", str(tmp_path / "absent")])
    assert done.exit_code == 3
