"""A server that is killed, and comes back with what it had stored."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from chaos.faults.server_fault import ServerFault, ServerSite


@contextmanager
def _during(site: ServerSite) -> Iterator[None]:
    site.kill()
    yield
    site.start()


def _form(site: ServerSite, _: Mapping[str, Any]) -> str:
    return "server-kill-durable" if site.durable else "server-kill"


KILL = ServerFault(
    name="server-kill",
    meaning="SIGKILL to the server, which is started again with what it had stored",
    lasts=True,
    forgets=True,
    during=_during,
    silent=True,
    takes_down=True,
    form=_form,
)
#: It answers only when what it did is stored, so nothing that it has answered is forgotten.
KILL_DURABLE = ServerFault(
    name="server-kill-durable",
    meaning="SIGKILL to a server that answers only what it has stored on its disk",
    lasts=True,
    during=_during,
    silent=True,
    takes_down=True,
    form=_form,
)
