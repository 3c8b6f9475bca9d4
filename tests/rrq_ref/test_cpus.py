"""A fleet's default number of workers: the CPUs that it may use."""

from __future__ import annotations

import os
from pathlib import Path
from unittest.mock import patch

import pytest

from rrq_ref import Fleet, Settings
from rrq_ref.cpus import usable_cpus


@pytest.fixture(autouse=True)
def eight_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.setattr(os, "process_cpu_count", lambda: 8, raising=False)


def machine(root: Path, cgroup: str, **files: str) -> Path:
    """A root with these files, by path."""
    for name, text in {"proc/self/cgroup": cgroup, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


V1 = "3:memory:/a\n2:cpu,cpuacct:/docker/x\n1:name=systemd:/a\n0::/a\n"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("max 100000", 8),
        ("200000 100000", 2),
        ("250000 100000", 3),  # part of a CPU is one
        ("10000 100000", 1),
        ("1600000 100000", 8),
        ("", 8),
        ("rubbish\n", 8),
        ("100 0", 8),
    ],
)
def test_a_quota_of_cgroup_2(tmp_path: Path, text: str, count: int) -> None:
    root = machine(tmp_path, "0::/\n", **{"sys/fs/cgroup/cpu.max": text})
    assert usable_cpus(root) == count


def test_the_least_quota_of_all_groups_above_counts(tmp_path: Path) -> None:
    files = {
        "sys/fs/cgroup/kube/pod/app/cpu.max": "max 100000",
        "sys/fs/cgroup/kube/pod/cpu.max": "300000 100000",
        "sys/fs/cgroup/kube/cpu.max": "500000 100000",
        "sys/fs/cgroup/other/cpu.max": "100000 100000",
    }
    assert usable_cpus(machine(tmp_path, "0::/kube/pod/app\n", **files)) == 3


@pytest.mark.parametrize("mount", ["cpu", "cpu,cpuacct"])
@pytest.mark.parametrize("group", ["docker/x", "."])  # a container may see its host's path
@pytest.mark.parametrize(("quota", "count"), [("-1", 8), ("150000", 2), ("50000", 1)])
def test_a_quota_of_cgroup_1(
    tmp_path: Path, mount: str, group: str, quota: str, count: int
) -> None:
    folder = f"sys/fs/cgroup/{mount}/{group}"
    files = {f"{folder}/cpu.cfs_quota_us": quota, f"{folder}/cpu.cfs_period_us": "100000"}
    assert usable_cpus(machine(tmp_path, V1, **files)) == count


def test_a_container_of_cgroup_2_may_see_its_hosts_path(tmp_path: Path) -> None:
    files = {"sys/fs/cgroup/cpu.max": "200000 100000"}
    for path in ("0::/docker/x\n", "0::/../../docker/x\n"):
        assert usable_cpus(machine(tmp_path, path, **files)) == 2


def test_without_cgroups_affinity_counts(tmp_path: Path) -> None:
    assert usable_cpus(tmp_path) == 8


def test_without_affinity_the_machines_cpus_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.delattr(os, "process_cpu_count")
    for known, count in ((5, 5), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda known=known: known)
        assert usable_cpus(tmp_path) == count


def test_a_fleet_has_one_worker_for_each() -> None:
    with patch("rrq_ref.fleet.usable_cpus", lambda: 3):
        assert len(Fleet({}, Settings())._slots) == 3
