"""The pytest plugin of `rrq-chaos`: its verdicts on a queue as test items, and its wire proxy.

It is installed under a name of its own, because it must not import `chaos` (see `rig.py`); its
sources are in `chaos/plugin/`. The page is docs/ci.md.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from rrq_chaos_pytest import rig
from rrq_chaos_pytest.proxy import Proxies, Proxy
from rrq_chaos_pytest.runs import GUARANTEES, Guarantee, Run, Runs

__all__ = ["Guarantee", "Proxies", "Proxy", "Run", "Runs"]

_SETTINGS = {
    "target": "Queue under test: a name, or module:ATTRIBUTE.",
    "seed": "Plan the same faults again.",
    "out": "Directory for the runs (default: one below pytest's temporary directory).",
}
#: Options of the rig's commands that the plugin has a use for itself.
_OURS = ("out", "json", "report", "runs")
_EXAMPLE = '@pytest.mark.chaos("kill_during_claim")'


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("chaos", "rrq-chaos: does a Redis job queue keep its jobs?")
    for name, meaning in _SETTINGS.items():
        group.addoption(f"--chaos-{name}", metavar=name.upper(), help=meaning)
        parser.addini(f"chaos_{name}", meaning)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "chaos(name, ..., **options): play these scenarios, or `sweep`, with these options of their"
        " commands; a test with the fixture `chaos_guarantee` becomes an item for each guarantee",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make an item for each run of the markers and each guarantee."""
    if "chaos_guarantee" not in metafunc.fixturenames:
        return
    runs = [
        (name, mark.kwargs)
        for mark in metafunc.definition.iter_markers("chaos")
        for name in mark.args
    ]
    if complaint := _complaint(runs):
        pytest.fail(f"{metafunc.definition.name}: {complaint}", pytrace=False)
    metafunc.parametrize(
        "chaos_guarantee",
        [
            pytest.param(
                (name, options, guarantee),
                id=f"{name}-{guarantee}",
                marks=_together(name, metafunc.config),
            )
            for name, options in runs
            for guarantee in GUARANTEES
        ],
        indirect=True,
    )


def _complaint(runs: list[tuple[Any, Mapping[str, Any]]]) -> str | None:
    """Why these cannot be played, in a sentence."""
    known = rig.names()
    if not runs:
        return f"the marker chaos names no scenario; write {_EXAMPLE}"
    for name, options in runs:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.0)
            return f"no scenario is named {name!r}; did you mean {near[0]!r}?"
        for ours in _OURS:
            if ours in options:
                return f"the marker chaos takes no {ours}; the plugin gives it to the rig itself"
    return None


def _together(name: str, config: pytest.Config) -> list[pytest.MarkDecorator]:
    """Under `--dist loadgroup`, one worker has all items of a run, and no other waits for it."""
    if not config.pluginmanager.hasplugin("xdist"):
        return []
    return [pytest.mark.xdist_group(f"chaos-{name}")]


def _setting(config: pytest.Config, name: str) -> str:
    given: str = config.getoption(f"chaos_{name}") or config.getini(f"chaos_{name}")
    return given


@pytest.fixture(scope="session")
def chaos_play(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Plays a scenario, or `sweep`, in a process of its own, and returns its `Run`:
    `chaos_play("kill_during_claim", jobs=20)`. The same run is played once in a session."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if hasattr(pytestconfig, "workerinput") else base) / "chaos"
    shared.mkdir(exist_ok=True)
    usual = {name: _setting(pytestconfig, name) for name in ("target", "seed")}
    return Runs(
        shared=shared,
        out=_out(pytestconfig) or shared,
        cwd=pytestconfig.rootpath,
        usual={name: value for name, value in usual.items() if value},
    )


def _out(config: pytest.Config) -> Path | None:
    """The directory for runs. On the command line it is one of the current directory, in a file
    one of the project."""
    if given := config.getoption("chaos_out"):
        return config.invocation_params.dir / str(given)
    given = config.getini("chaos_out")
    return config.rootpath / str(given) if given else None


@pytest.fixture
def chaos_guarantee(request: pytest.FixtureRequest, chaos_play: Runs) -> Guarantee:
    """What a run says of one guarantee; the test is an item for each. Its `check()` fails if it is
    broken. What says nothing is skipped; where evidence is missing, that is an error."""
    name, options, id = request.param
    run = chaos_play(name, **options)
    request.node.user_properties += [
        ("chaos_command", run.command),
        ("chaos_directory", str(run.directory)),
    ]
    guarantee = run.guarantees.get(id)
    if guarantee is None or not guarantee.promised:
        pytest.skip("not promised")
    if run.outcome == "unknown":
        pytest.fail(run.unknown, pytrace=False)
    if guarantee.state == "check failed":
        pytest.fail(
            f"{id} could not be checked: {', '.join(guarantee.evidence)}\n{run.whereabouts}",
            pytrace=False,
        )
    if guarantee.state.startswith("not "):
        pytest.skip(f"{guarantee.state}: {', '.join(guarantee.evidence)}")
    return guarantee


@pytest.fixture
def chaos_proxy() -> Iterator[Proxies]:
    """Starts the wire proxy between a client and its server, with faults at its commands:
    `chaos_proxy(url, "SET/before-reply/reset").url` is what the client is to use."""
    with ExitStack() as running:
        yield Proxies(running)
