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


@pytest.mark.skipif(NODE is None, reason="no Node.js is installed on this machine")
def test_the_handler_for_node(tmp_path: Path) -> None:
    found = re.search(r"^```js\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found is not None
    program = (
        found[1]
        + """
(async () => {
  console.log(JSON.stringify(await run({ id: "good", plan: { ms: 1, result: ["é"] } })));
  await run(JSON.stringify({ id: "bad", plan: { do: "fail", times: 1 } }))
    .catch((error) => console.log(error.message));
  await run("no job").catch((error) => console.log(error.message));
})();
"""
    )
    with Desk(tmp_path, Asking()) as desk:
        known = {"CHAOS_RIG": desk.address, "CHAOS_PROCESS": "worker-1"}
        done = subprocess.run(
            [str(NODE), "-e", program],
            env={"PATH": os.environ["PATH"], **known},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    good, bad, none = done.stdout.splitlines()
    assert (json.loads(good), bad) == (["é"], "as the rig has asked for"), done.stderr
    assert "what the enqueue program was given" in none
    lines = map(json.loads, (tmp_path / "worker-1.jsonl").read_text().splitlines())
    assert [each["outcome"] for each in lines if each["type"] == "end"] == ["ok", "error"]
