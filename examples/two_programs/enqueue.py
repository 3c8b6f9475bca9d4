"""Enqueues the jobs that it reads, one on each line, and prints the id of each."""

import os
import sys

from examples.naive_queue.queue import Queue

queue = Queue(os.environ["REDIS_URL"])
for line in sys.stdin:
    print(queue.push("behave", {"job": line}), flush=True)
