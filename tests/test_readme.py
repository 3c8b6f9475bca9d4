"""Every command and program in the README works as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from redis import Redis

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_ci_runs_exactly_the_test_command() -> None:
    (command,) = [block.strip() for block in blocks("console") if block.strip().endswith("/tox")]

    assert "\n" not in command
    assert (ROOT / ".ci" / "run").read_text().splitlines()[-1] == command


def test_the_producer_and_worker_of_the_readme_run(url: str, admin: Redis, tmp_path: Path) -> None:
    (program,) = blocks("python")
    script = tmp_path / "example.py"
    script.write_text(program)
    environment = {**os.environ, "REDIS_URL": url, "PYTHONPATH": str(Path.cwd())}

    done = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, timeout=60
    )

    assert done.stdout == "charged\n", done.stderr
    assert admin.get("balance:ann") == b"-250"
