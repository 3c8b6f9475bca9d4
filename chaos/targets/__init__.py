"""The queues that the rig can test, each a `Target`. Workers import this, so it stays light."""

from chaos.jobs import Job
from chaos.targets.find import BUILT_IN, UnknownTarget, find_target
from chaos.targets.inspector import (
    DAMAGES,
    CanLook,
    CountsDead,
    Finding,
    Inspector,
    RuinsJobs,
    ShowsHealth,
    Sight,
)
from chaos.targets.producer import CanCancel, CanRequeue, EnqueueInDoubt, EnqueueRefused, Producer
from chaos.targets.settings import WorkerSettings
from chaos.targets.spec import WorkerSpec
from chaos.targets.target import Command, Decode, Forkable, Target, Wire

__all__ = [
    "BUILT_IN",
    "DAMAGES",
    "CanCancel",
    "CanLook",
    "CanRequeue",
    "Command",
    "CountsDead",
    "Decode",
    "EnqueueInDoubt",
    "EnqueueRefused",
    "Finding",
    "Forkable",
    "Inspector",
    "Job",
    "Producer",
    "RuinsJobs",
    "ShowsHealth",
    "Sight",
    "Target",
    "UnknownTarget",
    "Wire",
    "WorkerSettings",
    "WorkerSpec",
    "find_target",
]
