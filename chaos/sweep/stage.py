"""One slot of the sweep: a database of its own, on which cells are played one after the other."""

from __future__ import annotations

from chaos.processes import ForkServer
from chaos.rig.options import BadOption
from chaos.servers import Server
from chaos.sweep.life import PATIENT, SETTINGS
from chaos.targets import Target
from chaos.wire import WireProxy


class Stage:
    """The stage on which cells are played. For one thread only.

    Raises `BadOption` for a target that has no inspector: a cell begins on an empty database, and
    ends when the store shows that nothing is left to do.
    """

    def __init__(self, target: Target, server: Server, url: str, fork_server: ForkServer) -> None:
        if target.inspector is None:
            raise BadOption(
                f"the sweep needs a target with an inspector, and {target.name} has none"
            )
        self.target = target
        self.server = server
        #: Of the database of this server that is its own.
        self.url = url
        self.fork_server = fork_server
        self.inspector = target.inspector(url, SETTINGS)
        self.producer = target.producer(url, PATIENT)

    def check(self) -> None:
        """Raise `WireProxyError` or `ServerProblem` if cells could not reach the server here."""
        with WireProxy(self.url, lambda *_, **__: None) as proxy:
            proxy.check()

    def close(self) -> None:
        self.inspector.clean()
        self.inspector.close()
        self.producer.close()
