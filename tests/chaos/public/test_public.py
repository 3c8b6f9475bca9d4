"""Public queues: their targets load, and their environments are made once, or not at all."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

import chaos.public
from chaos.public.environments import Environment, EnvironmentProblem, NpmEnvironment
from chaos.public.queues import times_of
from chaos.targets import BUILT_IN, Target, find_target

FOLDER = Path(chaos.public.__file__).parent
QUEUES = sorted(path.parent.name for path in FOLDER.glob("*/target.py"))


def test_every_folder_is_a_target_by_its_name() -> None:
    assert {*QUEUES} == BUILT_IN.keys() - {"rrq_ref"}


@pytest.mark.parametrize("name", QUEUES)
def test_a_target_says_which_release_it_is(name: str) -> None:
    target = find_target(name)
    assert target.name == name
    assert target.asks is not None
    assert target.pinned
    assert all("==" in package or "@" in package for package in target.pinned)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.mark.slow
def test_an_environment_is_made_once() -> None:
    mine = Environment("mine", ())
    mine.make()
    python = mine.bin / "python"
    subprocess.run([python, "-m", "pip", "--version"], check=True, capture_output=True)
    made = python.lstat().st_mtime_ns
    mine.make()
    assert python.lstat().st_mtime_ns == made
    assert Environment("mine", ("other==1",)).directory != mine.directory


@pytest.mark.slow
def test_one_that_cannot_be_made_says_why_and_leaves_nothing() -> None:
    mine = Environment("mine", ("./no-such-package",))
    with pytest.raises(EnvironmentProblem, match="mine cannot be installed: pip ended with 1"):
        mine.make()
    assert not mine.directory.exists()


def test_a_python_that_nobody_has_is_named() -> None:
    with pytest.raises(EnvironmentProblem, match=r"mine needs Python 3\.99 or later"):
        Environment("mine", (), (3, 99)).make()


def test_without_node_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    mine = NpmEnvironment("mine", ("other@1",))
    with pytest.raises(
        EnvironmentProblem, match=r"mine needs Node\.js, and no node is on the path"
    ):
        mine.make()
    assert not mine.directory.exists()


def test_packages_of_npm_are_installed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, does in {
        "node": "",
        "npm": 'case "$*" in *bad*) echo \'{"error": {"summary": "No bad."}}\'; exit 1;; esac\n'
        'echo "$*" >>"${0%/*}/asked"',
    }.items():
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{does}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    mine = NpmEnvironment("mine", ("other@1",))
    mine.make()
    mine.make()
    asked = (tmp_path / "asked").read_text().splitlines()
    assert [line.split()[0] for line in asked] == ["install"]
    assert asked[0].endswith("other@1")
    assert mine.variables == {"NODE_PATH": str(mine.directory / "node_modules")}
    with pytest.raises(EnvironmentProblem, match=r"npm ended with 1: No bad\."):
        NpmEnvironment("mine", ("bad@1",)).make()


@pytest.mark.parametrize("name", QUEUES)
def test_its_times_have_other_values_by_default(name: str) -> None:
    target, times = find_target(name), times_of(name)
    given = json.loads(target.worker.env["TIMES"])
    if times is None:
        assert (given, target.by_default) == ({}, None)
        return
    assert given == times.here
    assert times.here.keys() == times.default.keys()
    assert all(times.here[name] != times.default[name] for name in times.here)
    own = target.by_default
    assert (own is None) == (times.again_within_s is None)
    if isinstance(own, Target):
        assert json.loads(own.worker.env["TIMES"]) == {}
        assert own.again_within_s == times.again_within_s


def test_times_of_a_command_line_are_its_options() -> None:
    target = find_target("rq")
    assert [*target.worker.argv[-2:]] == ["--worker-ttl", "20"]
    assert isinstance(target.by_default, Target)
    assert "--worker-ttl" not in target.by_default.worker.argv


def test_settings_are_told_beside_the_defaults() -> None:
    assert str(times_of("arq")).startswith("job_timeout=5 (by default 300): a job's lock")
