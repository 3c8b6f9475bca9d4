"""A target is a value that says at once what is wrong with it."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from chaos.evidence import Evidence
from chaos.faults import command
from chaos.history.events import Transition
from chaos.targets import (
    Command,
    Forkable,
    Job,
    Target,
    UnknownTarget,
    Wire,
    WorkerSettings,
    WorkerSpec,
    find_target,
)
from chaos.targets.rrq_ref.target import TARGET as REFERENCE
from chaos.wire import Exchange


class Nothing:
    """A producer that does not enqueue."""

    def __init__(self, url: str, settings: WorkerSettings) -> None: ...

    def enqueue(self, jobs: Sequence[Job]) -> list[str]:
        return [job.own_id for job in jobs]

    def close(self) -> None: ...


def target(**more: Any) -> Target:
    parts: dict[str, Any] = {
        "name": "small",
        "promises": {"no-loss"},
        "worker": Command(["true"]),
        "producer": Nothing,
    }
    return Target(**parts | more)


SPEC = WorkerSpec(
    name="worker-1", url="redis://h", history="history/w.jsonl", settings=WorkerSettings()
)


def test_four_parts_are_enough_and_show_nothing_more() -> None:
    small = target()
    assert small.offers == frozenset()
    assert small.start.__self__ is small.worker  # type: ignore[attr-defined]  # a bound method


def test_a_target_cannot_be_changed() -> None:
    promises = {"no-loss"}
    small = target(promises=promises)
    promises.add("unique")
    assert small.promises == {"no-loss"}
    with pytest.raises(dataclasses.FrozenInstanceError):
        small.name = "other"  # type: ignore[misc]


def decode(exchange: Exchange) -> list[Transition]:
    del exchange
    return []


def wire(*moments: str) -> Wire:
    return Wire(moments={name: command(name) for name in moments}, decoder=lambda _: decode)


@pytest.mark.parametrize(
    ("parts", "offers"),
    [
        ({"wire": wire("claim")}, {Evidence.WIRE}),
        ({"wire": wire("claim", "finish")}, {Evidence.WIRE, Evidence.COMPLETIONS}),
        ({"wire": wire(), "shows": ["tokens"]}, {Evidence.WIRE, Evidence.TOKENS}),
        ({"inspector": REFERENCE.inspector}, {Evidence.JOBS}),
        (
            {"inspector": REFERENCE.inspector, "shows": {"health", "keys"}},
            {Evidence.JOBS, Evidence.HEALTH, Evidence.KEYS},
        ),
    ],
)
def test_each_part_adds_to_what_a_run_can_show(parts: dict[str, Any], offers: set[str]) -> None:
    assert target(**parts).offers == offers


def test_the_reference_shows_everything() -> None:
    assert REFERENCE.offers == set(Evidence)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (lambda: target(name=""), "a target needs a name, which reports call it by"),
        (
            lambda: target(promises={"no-los"}),
            "small promises 'no-los', which is unknown; did you mean 'no-loss'?",
        ),
        (
            lambda: target(promises={"xyzzy"}),
            "small promises 'xyzzy', which is unknown; there are no-loss, no-phantom, ",
        ),
        (lambda: target(promises="no-loss"), "promises is a set of guarantees: write {'no-loss'}"),
        (lambda: target(worker=["true"]), "the worker of small is a Command, and not ['true']"),
        (
            lambda: target(shows={"tokenz"}, wire=wire()),
            "small shows 'tokenz', which is unknown; did you mean 'tokens'?",
        ),
        (lambda: target(shows={"tokens"}), "small shows 'tokens', which only its wire could"),
        (lambda: target(shows={"keys"}), "small shows 'keys', which only its inspector could"),
        (lambda: Command([]), "a command is a list of words, the program first, and not []"),
        (
            lambda: Command(["x", cast("str", 3)]),
            "a command is a list of words, the program first, and",
        ),
        (
            lambda: Command("python worker.py"),
            "a command is a list of words, not one string: write ['python', 'worker.py']",
        ),
        (lambda: Command(["", "x"]), "the first word of a command names a program, and this"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(wrong: Callable[[], object], why: str) -> None:
    with pytest.raises(ValueError, match=r"\A.*\Z") as raised:
        wrong()
    assert str(raised.value).startswith(why)


@pytest.mark.parametrize(
    ("attribute", "why"),
    [
        ("MISTYPED", "did you mean 'no-loss'?"),
        ("INCOMPLETE", "missing 1 required keyword-only argument: 'producer'"),
        ("NOTHING", "has no attribute 'NOTHING'"),
        ("LIST", "is not a chaos.targets.Target"),
    ],
)
def test_a_mistake_in_a_users_module_is_an_unknown_target(
    attribute: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"theirs_{attribute.lower()}"
    (tmp_path / f"{name}.py").write_text(
        """
from chaos.targets import Command, Target
LIST = []
def __getattr__(name):
    if name == "MISTYPED":
        return Target(name="x", promises={"no-los"}, worker=Command(["x"]), producer=None)
    if name == "INCOMPLETE":
        return Target(name="x", promises={"no-loss"}, worker=Command(["x"]))
    raise AttributeError(f"module has no attribute {name!r}")
"""
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UnknownTarget) as raised:
        find_target(f"{name}:{attribute}")
    assert why in str(raised.value)
    assert f"{name}:{attribute}" in str(raised.value)


def test_a_decoder_is_made_anew_for_each_run() -> None:
    assert REFERENCE.wire is not None
    durable = WorkerSettings(acknowledge="replicated")
    assert REFERENCE.wire.decoder(durable) is not REFERENCE.wire.decoder(durable)


def test_a_commands_variables_go_before_the_rigs() -> None:
    told = Command(["x"], env={"CHAOS_BURST": "yes", "MINE": "1"}).environment(SPEC)
    assert (told["CHAOS_BURST"], told["MINE"]) == ("yes", "1")
    assert told["CHAOS_PROCESS"] == "worker-1"


def test_a_worker_in_another_directory_finds_its_history() -> None:
    assert Path(SPEC.environment()["CHAOS_HISTORY"]) == Path("history/w.jsonl").absolute()


def test_a_forked_process_becomes_the_command_with_its_directory(tmp_path: Path) -> None:
    show = "import json, os; print(json.dumps([os.getcwd(), os.environ['CHAOS_PROCESS']]))"
    code = f"""
from pathlib import Path
from chaos.targets import Command
from tests.chaos.targets.test_target import SPEC, target
worker = Command([{sys.executable!r}, "-c", {show!r}], cwd=Path({str(tmp_path)!r}))
target(worker=worker).start(SPEC)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout) == [str(tmp_path), "worker-1"], done.stderr


def test_a_forkable_target_starts_its_own_way() -> None:
    def work(spec: WorkerSpec) -> Any:
        return spec

    assert target(forkable=Forkable(warm=lambda: None, work=work)).start is work


def test_a_worker_process_imports_nothing_heavy() -> None:
    code = "import sys, chaos.targets, chaos.targets.behaviour; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    heavy = {"duckdb", "click", "rich", "psutil", "redis", "jinja2", "chaos.wire", "chaos.rig"}
    assert not heavy & set(done.stdout.split())
