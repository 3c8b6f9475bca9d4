"""A worker of RRQ: its orchestrator, which starts a runner of `app.py` by itself."""

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
default_poll_delay_seconds = 0.01

[rrq.runners.python]
type = "socket"
cmd = ["{sys.executable}", "-m", "rrq.runner_runtime", "--settings", "app.settings"]
tcp_port = {port}
pool_size = 1
max_in_flight = {os.environ["CONCURRENCY"]}
"""
# It comes through the standard input, so that no file is left.
read, write = os.pipe()
os.write(write, CONFIG.encode())
os.close(write)
os.dup2(read, 0)
rrq = str(Path(sys.executable).with_name("rrq"))
os.execv(rrq, [rrq, "worker", "run", "--config", "/dev/stdin"])
