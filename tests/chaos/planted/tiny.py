"""A part of a programme that plays nothing: it leaves the verdict that it is told to leave.

`--when TEXT` names the target on which an anomaly is found, `--after PATH` waits for a file, and
`--hang` never ends.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--find", default="")
    parser.add_argument("--when", default="")
    parser.add_argument("--after", type=Path)
    parser.add_argument("--hang", action="store_true")
    parser.add_argument("--target", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    given.out.mkdir(parents=True)
    print(f"played with seed {given.seed}", flush=True)
    while given.hang or (given.after and not given.after.exists()):
        time.sleep(0.02)
    broken = bool(given.find) and given.when in given.target
    checks = [{"anomaly": given.find, "promised": True, "broken": 1}] if broken else []
    verdict = {"outcome": "fail" if broken else "pass", "checks": checks}
    (given.out / "verdict.json").write_text(json.dumps(verdict))
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
