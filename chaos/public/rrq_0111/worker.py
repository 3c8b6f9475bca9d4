"""A worker of RRQ: its orchestrator, which starts a runner of `jobs.py` by itself."""

import os
import socket
import sys
from pathlib import Path

# The runner listens, so each worker on a machine needs a port of its own.
with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]

CONFIG = f"""
[rrq]
redis_dsn = "{os.environ["REDIS_URL"]}"
default_runner_name = "python"
base_retry_delay_seconds = 0.1
# A job's lock lives as long as both together, by default six minutes. Once it is over, and its
# worker's health record too (70 s), another worker's next heartbeat (60 s) hands the job back.
default_job_timeout_seconds = 5
default_lock_timeout_extension_seconds = 1
worker_health_check_interval_seconds = 1
worker_health_check_ttl_buffer_seconds = 1

[rrq.runners.python]
type = "socket"
cmd = ["{sys.executable}", "-m", "rrq.runner_runtime", "--settings", "jobs.settings"]
tcp_port = {port}
pool_size = 1
max_in_flight = 4
"""

# It comes through the standard input, so that no file is left.
read, write = os.pipe()
os.write(write, CONFIG.encode())
os.close(write)
os.dup2(read, 0)
rrq = str(Path(sys.executable).with_name("rrq"))
os.execv(rrq, [rrq, "worker", "run", "--config", "/dev/stdin"])
