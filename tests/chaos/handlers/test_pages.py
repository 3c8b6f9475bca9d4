"""Handlers in other languages, as the page has them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from chaos.handlers import Desk
from chaos.targets.asking import Asking

PAGE = Path(__file__).parents[3] / "docs" / "test-your-own-queue.md"
NODE = shutil.which("node")
GO = shutil.which("go")
#: Each hands on a job that does well, one that fails, and what is no job at all.
IN_NODE = """
(async () => {
  console.log(JSON.stringify(await run({ id: "good", plan: { ms: 1, result: ["é"] } })));
  await run(JSON.stringify({ id: "bad", plan: { do: "fail", times: 1 } }))
    .catch((error) => console.log(error.message));
  await run("no job").catch((error) => console.log(error.message));
})();
"""
IN_GO = """
func main() {
	result, err := run(`{"id": "good", "plan": {"ms": 1, "result": ["é"]}}`)
	os.Stdout.WriteString(string(result) + "\\n")
	_, err = run(`{"id": "bad", "plan": {"do": "fail", "times": 1}}`)
	os.Stdout.WriteString(err.Error() + "\\n")
	_, err = run("no job")
	os.Stdout.WriteString(err.Error() + "\\n")
}
"""


@pytest.mark.skipif(NODE is None, reason="no Node.js is installed on this machine")
def test_the_handler_for_node(tmp_path: Path) -> None:
    _play(tmp_path, [str(NODE), "-e", _shown("js") + IN_NODE])


@pytest.mark.skipif(GO is None, reason="no Go is installed on this machine")
def test_the_handler_for_go(tmp_path: Path) -> None:
    source, program = tmp_path / "main.go", tmp_path / "main"
    source.write_text("package main\n\n" + _shown("go") + IN_GO, "utf-8")
    home = {"HOME": str(tmp_path)} | os.environ  # where it keeps what it has compiled
    subprocess.run([str(GO), "build", "-o", program, source], env=home, timeout=240, check=True)
    subprocess.run([str(GO), "vet", source], env=home, timeout=240, check=True)
    _play(tmp_path, [str(program)])


def _shown(language: str) -> str:
    """What the page has in this language."""
    found = re.search(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    assert found is not None
    return found[1]


def _play(history: Path, command: list[str]) -> None:
    with Desk(history, Asking()) as desk:
        known = {"CHAOS_RIG": desk.address, "CHAOS_PROCESS": "worker-1"}
        done = subprocess.run(
            command,
            env={"PATH": os.environ["PATH"], **known},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    good, bad, none = done.stdout.splitlines()
    assert (json.loads(good), bad) == (["é"], "as the rig has asked for"), done.stderr
    assert "what the enqueue program was given" in none
    lines = map(json.loads, (history / "worker-1.jsonl").read_text().splitlines())
    assert [each["outcome"] for each in lines if each["type"] == "end"] == ["ok", "error"]
