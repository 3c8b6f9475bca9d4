"""Copy the files that tests need, and none that the wheel has, into an empty directory.

`python tests/copy_tests.py SOURCE DESTINATION`. tox runs the tests there, so they cannot import the
source tree by mistake.
"""

import shutil
import sys
from pathlib import Path

#: Not in the wheel, and either tests or what they look at.
NEEDED = (
    "tests",
    "loadtests",
    "benchmarks",
    "examples",
    "docs",
    ".ci",
    ".github",
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "LICENSE",
    "pyproject.toml",
    "tox.ini",
)


def main() -> None:
    source, destination = (Path(word) for word in sys.argv[1:])
    for name in NEEDED:
        target = destination / name
        if target.is_dir():
            shutil.rmtree(target)
        if (source / name).is_dir():
            shutil.copytree(source / name, target)
        else:
            shutil.copy(source / name, target)


main()
