"""Handlers that ask: the rig tells them what to do, counts their runs, and writes their history.

The handler's side is `on_path/chaos_job.py`, which the rig puts on a worker's path; the rig's side
is a `Desk`.
"""

from chaos.handlers.desk import Desk, Request

__all__ = ["Desk", "Request"]
