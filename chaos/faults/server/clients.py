"""A server that closes all connections."""

from chaos.faults.server_fault import ServerFault, ServerSite


def _once(site: ServerSite) -> int:
    """The rig's own connections too. Returns how many there were."""
    with site.asking() as ask:
        return int(ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"))


CLIENTS = ServerFault(
    name="server-clients", meaning="the server closes all connections", lasts=True, once=_once
)
