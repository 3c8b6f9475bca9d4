"""The programs of docs/ci.md run as they stand there, and do what it says."""

from __future__ import annotations

import re
import shutil

import pytest
from redis import Redis

from rrq_chaos_pytest.runs import GUARANTEES
from tests.chaos.plugin.conftest import NAIVE, ROOT, Project

pytest_plugins = ["pytester"]

PAGE = (ROOT / "docs" / "ci.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


SETTINGS = blocks("ini")[0]
ITEMS, BY_HAND, *PROXIES = blocks("python")


@pytest.mark.parametrize("program", PROXIES)
def test_the_examples_of_the_proxy_pass(
    program: str, project: Project, url: str, admin: Redis
) -> None:
    del admin  # it empties the database
    project.write("test_it.py", program)
    project.write(
        "conftest.py", f"import pytest\n@pytest.fixture\ndef redis_url(): return {url!r}\n"
    )
    project.pytest().assert_outcomes(passed=1)


@pytest.mark.slow
def test_a_queue_that_loses_jobs_fails_the_items_of_that_promise(project: Project) -> None:
    shutil.copytree(ROOT / "examples", project.path / "examples")
    project.write("pytest.ini", SETTINGS.replace("my_queue.chaos_target:TARGET", NAIVE))
    project.write("test_it.py", ITEMS)

    done = project.pytest("-m", "chaos", "-n", "2", "--dist", "loadgroup", "-v")

    results = {
        id: word
        for word, id in re.findall(r" (PASSED|FAILED|ERROR) .*\[(\S+?)\]", done.stdout.str())
    }
    assert results.pop("kill_during_claim-no-loss") == "FAILED"
    assert results.pop("sweep-no-loss") == "FAILED"
    assert results.keys() >= {"kill_during_claim-no-phantom", "sweep-no-phantom"}
    assert set(results.values()) == {"PASSED"}
    assert done.parseoutcomes()["skipped"] == 2 * len(GUARANTEES) - 2 - len(results)
    done.stdout.fnmatch_lines(["  - lost: succeeds/kill/claim.1/before-reply at claim: job *"])
    done.stdout.fnmatch_lines([f"  rrq-chaos kill_during_claim --target {NAIVE} --seed *"])


@pytest.mark.slow
def test_the_reference_keeps_its_jobs(project: Project) -> None:
    project.write("test_it.py", BY_HAND)
    project.pytest("--chaos-target", "rrq_ref").assert_outcomes(passed=1)
