"""A server without memory, which refuses what needs some."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from chaos.faults.server_fault import ServerFault, ServerSite, configured


@contextmanager
def out_of_memory(
    site: ServerSite, policy: str = "noeviction", kept: float = 0.0
) -> Iterator[None]:
    """It may use no more than `kept` of what it uses now, and does what its policy says.

    That is to refuse what needs memory, or to throw keys away; then it may be in need again.
    """
    with site.asking() as ask:
        limit = max(1, int(ask("INFO", "memory")["used_memory"] * kept))
    with configured(site, {"maxmemory-policy": policy, "maxmemory": str(limit)}):
        yield


def form(_: ServerSite, parameters: Mapping[str, Any]) -> str:
    # Keys that have a time to live are gone one day anyway.
    policy = str(parameters.get("policy", "noeviction"))
    return "server-evict" if policy.startswith("allkeys") else "server-fill"


FILL = ServerFault(
    name="server-fill",
    meaning="the server has no memory left, and refuses what needs some",
    lasts=True,
    during=out_of_memory,
    form=form,
)
