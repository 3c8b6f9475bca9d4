"""Scripts are whole, need nothing of the rig, and show what was found."""

from __future__ import annotations

import ast
import builtins
import dis
import os
import subprocess
import sys
import types
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import chaos.repro.inlined
from chaos.compare.findings import finding_in
from chaos.repro.programs import NotCopied, programs_of
from chaos.repro.writing import Written, write
from chaos.servers.embedded import embedded_binary
from chaos.targets import find_target
from tests.chaos.questions.test_answers import Told
from tests.chaos.repro.told import cell, question, sweep

INLINED = Path(chaos.repro.inlined.__file__).parent
LOST = Told().run(1, 1).fault(2).until(6)
TOLD = {
    "killed": LOST,
    "child_killed": LOST,
    "stopped": Told().run(1, 1).fault(2).until(6),
    "outlasts": Told().run(1, 1, 30).run(2, 11, 40).until(50),
    "deadly": Told().run(1, 1).run(2, 2).run(1, 3, 4).until(9),
    "fails": Told().run(1, 1, 2, "error").until(9),
    "leaving": LOST,
    "server_restarts": Told().run(1, 1, 5).fault(2).left(2, 3, 1).until(9),
}
CLAIM = "succeeds/kill/claim.1/before-reply"


def written(into: Path, name: str, target: str = "rq") -> Written:
    """The script about a finding of this question, or at this crash point."""
    if name == "crash_point":
        found = finding_in(sweep(into / "run", cell(CLAIM, "lost"), target=target))
    else:
        found = finding_in(question(into / "run", name, TOLD[name], target))
    return write(found, into / "out")


@pytest.mark.parametrize("name", [*TOLD, "crash_point"])
def test_a_script_has_every_name_that_it_uses(tmp_path: Path, name: str) -> None:
    text = written(tmp_path, name).script.read_text()
    module = types.ModuleType("script")
    sys.modules["script"] = module  # dataclasses look there
    exec(compile(text, "script", "exec"), module.__dict__)
    used = {*_globals(compile(text, "script", "exec"))}
    assert used - vars(module).keys() - vars(builtins).keys() <= {"QUEUE", "CASE"}
    assert "chaos.repro" not in text


def _globals(code: types.CodeType) -> Iterator[str]:
    names = ("LOAD_GLOBAL", "LOAD_NAME")
    yield from (
        str(i.argval)
        for i in dis.get_instructions(code)
        if i.opname in names[: 1 + (code.co_name == "<module>")]
    )
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield from _globals(each)


def test_a_name_stands_once_in_what_a_script_may_have() -> None:
    shared = [
        path for path in INLINED.glob("*.py") if path.name not in ("__init__.py", "chaos_job.py")
    ]
    for play in (INLINED / "plays").glob("*.py"):
        names = Counter(name for path in [*shared, play] for name in _defined(path))
        assert [name for name, count in names.items() if count > 1] == []


def _defined(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            names = [name for target in node.targets for name in ast.walk(target)]
            yield from (name.id for name in names if isinstance(name, ast.Name))


def test_an_issue_tells_what_is_promised_from_what_is_not(tmp_path: Path) -> None:
    broken = written(tmp_path / "rq", "killed").issue.read_text()
    assert broken.startswith("# rq 3.0.0: a worker is killed while it runs a job: lost: not again")
    assert "> If the worker gets killed while a job is running" in broken
    assert "https://python-rq.org/docs/results/" in broken
    assert "rq==3.0.0, redis==8.1.0; valkey 9.1.2; Python 3.11.7." in broken
    assert "python -m chaos.questions.killed --target rq --seed 7" in broken
    assert "uv run rq_killed.py" in broken
    assert "No promise" not in broken
    meant = written(tmp_path / "huey", "killed", "huey").issue.read_text()
    assert "**No promise that we know of is broken.**" in meant
    assert "> Huey does not guarantee at-least-once delivery" in meant


def test_an_issue_about_what_no_guarantee_speaks_of(tmp_path: Path) -> None:
    told = written(tmp_path, "deadly", "huey").issue.read_text()
    assert "**No promise that we know of is broken.** This only tells what happens." in told


def test_a_script_says_what_it_needs(tmp_path: Path) -> None:
    text = written(tmp_path, "killed").script.read_text()
    assert (
        '# /// script\n# requires-python = ">=3.11"\n# dependencies = [\n#   "rq==3.0.0",\n' in text
    )
    assert "pip install rq==3.0.0 redis==8.1.0" in text


def test_modules_are_copied_with_what_they_import_of_their_package() -> None:
    programs = programs_of(find_target("examples.two_programs.target:TARGET"))
    assert {*programs.files} == {
        "examples/__init__.py",
        *(f"examples/naive_queue/{name}.py" for name in ("__init__", "queue", "worker")),
        *(f"examples/two_programs/{name}.py" for name in ("__init__", "enqueue", "worker")),
    }
    assert programs.worker == ("python", "-m", "examples.two_programs.worker")
    (package,) = programs.packages
    assert package.startswith("redis==")


def test_a_target_that_is_no_two_programs_has_no_script() -> None:
    with pytest.raises(NotCopied, match="rrq_ref is not made of two programs"):
        programs_of(find_target("rrq_ref"))


# They are run


def ran(script: Path, scratch: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A script's run, without the rig on its path. It leaves nothing in `scratch`."""
    (scratch / "bin").mkdir(parents=True, exist_ok=True)
    server = scratch / "bin" / "valkey-server"
    if not server.exists():
        server.symlink_to(embedded_binary())
    (scratch / "tmp").mkdir(exist_ok=True)
    env = {**os.environ, "PATH": f"{server.parent}:/usr/bin:/bin", "TMPDIR": str(scratch / "tmp")}
    env.pop("PYTHONPATH", None)
    done = subprocess.run(
        [sys.executable, script, *words],
        cwd=scratch, env=env, capture_output=True, text=True, timeout=150,
    )  # fmt: skip
    assert [*(scratch / "tmp").iterdir()] == []
    return done


NAIVE = "examples.two_programs.target:TARGET"


@pytest.mark.slow
def test_a_lost_job_is_lost_again(tmp_path: Path) -> None:
    script = written(tmp_path, "killed", NAIVE).script
    done = ran(script, tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "SIGKILL to all processes of worker-1" in done.stdout
    assert done.stdout.endswith("SEEN AGAIN: the job is not done\n")


#: Lines of the naive queue: a job stays in the list until it is done.
MENDED = {
    "found = self._redis.blpop([self.key], timeout=timeout_s)": (
        "job = self._redis.lindex(self.key, 0)\n"
        "        found = (None, job) if job else self._redis.blpop(['none'], timeout=timeout_s)"
    ),
    "self._redis.hset(": "self._redis.lpop(self.key)\n        self._redis.hset(",
}


@pytest.mark.slow
def test_a_queue_that_was_mended_is_acquitted(tmp_path: Path) -> None:
    script = written(tmp_path, "killed", NAIVE).script
    text = script.read_text()
    for line, mended in MENDED.items():
        assert text.count(line) == 1
        text = text.replace(line, mended)
    script.write_text(text)
    done = ran(script, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("NOT SEEN: the job is not done\n")


@pytest.mark.slow
def test_a_crash_point_is_met_again(tmp_path: Path) -> None:
    script = written(tmp_path, "crash_point", NAIVE).script
    done = ran(script, tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "SIGKILL to worker-1 at claim.1, before its reply arrives" in done.stdout
    assert "worker-1  starts" not in done.stdout  # it never had the job


@pytest.mark.slow
def test_before_its_command_nothing_is_lost(tmp_path: Path) -> None:
    script = written(tmp_path, "crash_point", NAIVE).script
    script.write_text(script.read_text().replace("side='before-reply'", "side='before-send'"))
    done = ran(script, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "worker-2  ends (ok) job-00001" in done.stdout


@pytest.mark.slow
def test_what_cannot_be_tried_is_not_acquitted(tmp_path: Path, url: str) -> None:
    script = written(tmp_path, "killed", NAIVE).script
    done = ran(script, tmp_path, "--redis", "redis://127.0.0.1:1/0")
    assert (done.returncode, "no server answers" in done.stdout) == (2, True)
    script.write_text(script.read_text().replace("import redis", "import no_such_module"))
    done = ran(script, tmp_path)
    assert (done.returncode, "NOT TRIED: worker-1 has ended at once" in done.stdout) == (2, True)
    assert "No module named 'no_such_module'" in done.stdout
