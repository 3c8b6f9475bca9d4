"""A program that removes the containers of a rig that died without a word.

Testcontainers' own reaper does the same from a container, whose image would have to be fetched.
This one is a process that waits on a pipe from the rig. The pipe ends when the rig does, even by
SIGKILL. A rig that has removed its containers itself says so first.

Usage: container_reaper.py LABEL, with the pipe as standard input.
"""

import sys
import time
from importlib import import_module

ALL_REMOVED = b"all removed"
PASS_S = 0.5
PASSES = 20
"""A container that was being created when the rig died may turn up a little later."""


def main(label: str) -> None:
    if sys.stdin.buffer.read() == ALL_REMOVED:
        return
    docker = import_module("docker")
    client = docker.from_env()
    for _ in range(PASSES):
        for container in client.containers.list(
            all=True, filters={"label": label}, ignore_removed=True
        ):
            try:
                container.remove(force=True, v=True)
            except docker.errors.APIError as error:
                print(error, file=sys.stderr)  # Being removed already, or tried again next time.
        time.sleep(PASS_S)


if __name__ == "__main__":
    main(sys.argv[1])
