"""Runs that several processes of a session want at the same time."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, BrokenBarrierError

import pytest

from rrq_chaos_pytest import rig
from rrq_chaos_pytest.runs import Runs
from tests.chaos.report.verdicts import check, verdict


@pytest.mark.parametrize(
    ("server", "given", "together"),
    [
        ("", {}, True),
        ("redis://localhost/9", {}, False),
        ("", {"redis": "redis://localhost/9"}, False),
        ("redis://localhost/9", {"redis": "embedded"}, True),
    ],
)
def test_a_server_behind_a_url_has_one_run_at_a_time(
    server: str,
    given: dict[str, str],
    together: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both, met = Barrier(2), []

    def run(*words: str, cwd: Path) -> str:
        del cwd
        try:
            both.wait(20 if together else 1)
            met.append(True)
        except BrokenBarrierError:
            met.append(False)
        report = Path(words[words.index("--json") + 1])
        report.write_text(json.dumps(verdict(check("lost")).to_json()))
        return ""

    monkeypatch.setenv("CHAOS_REDIS", server)
    monkeypatch.setattr(rig, "run", run)
    runs = Runs(shared=tmp_path, out=tmp_path / "out", cwd=tmp_path, usual={"target": "mine"})
    with ThreadPoolExecutor() as pool:
        found = [pool.submit(runs, "sweep", seed=seed, **given) for seed in (1, 2)]
        assert [each.result().outcome for each in found] == ["pass", "pass"]
    assert met == [together, together]
