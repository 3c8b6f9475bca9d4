"""A worker of the naive queue, whose handler asks the rig what to do."""

import os

import chaos_job

from examples.naive_queue.queue import Job, Queue
from examples.naive_queue.worker import work


def handler(job: Job) -> object:
    return chaos_job.run(job.arguments["job"])


if __name__ == "__main__":
    work(Queue(os.environ["REDIS_URL"]), {"behave": handler})
