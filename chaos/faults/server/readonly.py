"""A server that does not accept writes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from chaos.faults.server_fault import ServerFault, ServerSite, configured


@contextmanager
def _during(site: ServerSite, reason: Literal["replica", "alone"] = "replica") -> Iterator[None]:
    """Read-only as the `replica` of a primary that is gone, or `alone`, without the replicas that
    it was told to wait for."""
    if reason == "alone":
        with configured(site, {"min-replicas-to-write": "1"}):
            yield
        return
    with site.asking() as ask:
        ask("REPLICAOF", "127.0.0.1", "1")
        yield
        ask("REPLICAOF", "NO", "ONE")


READONLY = ServerFault(
    name="server-readonly", meaning="the server refuses all writes", lasts=True, during=_during
)
