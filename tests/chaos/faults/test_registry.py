"""Every fault is found by itself, under one name, and says enough of itself."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGKILL, SIGQUIT, SIGSTOP, SIGTERM, SIGUSR1

import pytest

from chaos.errors import ChaosError
from chaos.faults import FAULTS, FaultProblem, WireAction, WireFault, actions, any_command, server
from chaos.faults.registry import Registry

HISTORY_PAGE = Path(__file__).parents[3] / "docs" / "history.md"

FREEZE = """
from signal import SIGTSTP

from chaos.faults.action import PASS, Outcome, Site, WireAction


async def _inject(site: Site) -> Outcome:
    site.landed()
    return PASS


FREEZE = WireAction(
    name="{name}",
    former=({former}),
    meaning="nothing moves while the sun is down",
    lasts=True,
    to_process="halts",
    signal=SIGTSTP,
    inject=_inject,
)
"""

Add = Callable[..., Registry]


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Add:
    """Adds modules to the folder of actions, and makes a registry that has not looked yet."""

    def add(module: str, *, name: str, former: str = "") -> Registry:
        (tmp_path / f"{module}.py").write_text(FREEZE.format(name=name, former=former))
        found = [*actions.__path__, str(tmp_path)]
        monkeypatch.setattr(actions, "__path__", list(dict.fromkeys(found)))
        monkeypatch.delitem(sys.modules, f"{actions.__name__}.{module}", raising=False)
        return Registry()

    return add


def test_each_module_has_the_fault_that_it_is_named_after() -> None:
    names = [
        prefix + module.name.replace("_", "-")
        for package, prefix in ((actions, ""), (server, "server-"))
        for module in pkgutil.iter_modules(package.__path__)
    ]
    assert len(names) > 20
    # One module has two: what a killed server forgets depends on how durable it is.
    assert sorted([*names, "server-kill-durable"]) == [kind.name for kind in FAULTS]


@pytest.mark.parametrize("kind", [*FAULTS], ids=lambda kind: kind.name)
def test_a_fault_says_what_it_means_in_one_sentence(kind: WireAction) -> None:
    assert kind.meaning
    assert not kind.meaning.endswith(".")
    assert "\n" not in kind.meaning


@pytest.mark.parametrize("name", [*FAULTS.actions])
def test_the_sweep_can_plan_each_fault_that_it_tries(name: str) -> None:
    kind = FAULTS.actions[name]
    for side in kind.swept_sides:
        for turn in range(7):
            WireFault(id="f", match=any_command(), side=side, action=name, **kind.swept_with(turn))
    assert not (kind.swept_sides and kind.lasts and kind.end is None), "nobody could end it"


@pytest.mark.parametrize("name", [*FAULTS.of_server])
def test_a_fault_of_the_server_either_lasts_or_is_done_at_once(name: str) -> None:
    kind = FAULTS.of_server[name]
    assert (kind.during is None) != (kind.once is None)


@pytest.mark.skipif(not HISTORY_PAGE.exists(), reason="docs/ is not installed")
def test_the_page_about_histories_has_every_kind_of_fault() -> None:
    text = HISTORY_PAGE.read_text(encoding="utf-8")
    names = [name for kind in FAULTS for name in (kind.name, *kind.former)]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_a_signal_names_its_fault() -> None:
    signals = (SIGKILL, SIGSTOP, SIGTERM, SIGINT, SIGHUP, SIGQUIT)
    names = ["kill", "pause", "term", "int", "hup", "quit"]
    assert [FAULTS.by_signal(each).name for each in signals] == names
    with pytest.raises(FaultProblem, match="SIGUSR1 is no fault"):
        FAULTS.by_signal(SIGUSR1)


def test_an_unknown_name_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(ChaosError, match=r"no fault is named 'explode'; there are block, chop"):
        FAULTS["explode"]
    assert "explode" not in FAULTS


@pytest.mark.parametrize(
    ("former", "name"), [("stop", "pause"), ("hold", "partition"), ("lose-reply", "lost-reply")]
)
def test_a_former_name_is_answered_with_the_present_one(former: str, name: str) -> None:
    with pytest.raises(FaultProblem, match=f"'{former}' is now called {name}"):
        FAULTS[former]


def test_faults_of_the_wire_and_of_the_server_are_told_apart() -> None:
    with pytest.raises(FaultProblem, match="server-stop is no fault on the wire"):
        FAULTS.action("server-stop")
    with pytest.raises(FaultProblem, match="kill is no fault of the server"):
        FAULTS.server("kill")


def test_a_file_more_is_a_fault_more(add: Add) -> None:
    registry = add("freeze", name="freeze")
    assert registry.action("freeze").swept_sides == ("before-send", "before-reply")
    assert [kind.name for kind in registry if kind.name not in FAULTS] == ["freeze"]


@pytest.mark.parametrize(
    ("name", "former", "twice"), [("kill", "", "kill"), ("freeze", "'stop',", "stop")]
)
def test_two_faults_with_one_name_are_refused(add: Add, name: str, former: str, twice: str) -> None:
    registry = add("freeze", name=name, former=former)
    with pytest.raises(FaultProblem, match=f"two faults are named {twice}: one in .*, one in"):
        list(registry)


EVERYWHERE = """
import sys
import duckdb
import chaos.faults.actions as actions
actions.__path__.append(sys.argv[1])
from chaos.checks.fault_kinds import make_table
from chaos.faults import WireFault, any_command
from chaos.load.protocol import ORDERS
from chaos.sweep.__main__ import main
from chaos.sweep.cells import Cell

WireFault(id="f", match=any_command(), side="after-reply", action="freeze")
print(Cell.parse("succeeds/freeze/claim.1/before-send"), *ORDERS)
db = duckdb.connect()
make_table(db)
print(db.sql("SELECT kind, name, lasts, halts FROM fault_kinds WHERE name = 'freeze'").fetchall())
main(["--help"])
"""


def test_a_new_fault_is_known_everywhere_by_its_one_file(tmp_path: Path) -> None:
    (tmp_path / "freeze.py").write_text(FREEZE.format(name="freeze", former="'sleep',"))
    ran = subprocess.run(
        [sys.executable, "-c", EVERYWHERE, tmp_path], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    planned, table, *rest = ran.stdout.splitlines()
    cell, *orders = planned.split()
    assert cell == "succeeds/freeze/claim.1/before-send"
    assert orders[0] == "none"
    assert "freeze" in orders
    assert table == "[('freeze', 'freeze', True, True), ('sleep', 'freeze', True, True)]"
    assert any("freeze" in line and "while the sun is down" in line for line in rest)
