"""The settings that a server is started with."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from chaos.servers.problem import ServerProblem
from chaos.servers.server import Durability

OURS = frozenset({"appendonly", "appendfsync", "bind", "daemonize", "dir", "logfile", "port"})
"""Settings that the rig relies on and makes itself."""


def settings(durability: Durability, extra: Mapping[str, str] | None) -> dict[str, str]:
    """The settings of a server wherever it runs: name -> arguments, quoted as in a config file.

    Raises ServerProblem for an `extra` setting that is not the user's to make.
    """
    chosen = {"save": '""', "appendonly": "no"}
    if durability not in ("none", "everysec", "always"):
        raise ServerProblem(f"durability {durability!r} is unknown; give none, everysec or always")
    if durability != "none":
        chosen |= {"appendonly": "yes", "appendfsync": durability}
    for name, value in (extra or {}).items():
        if name.lower() in OURS:
            raise ServerProblem(f"the setting {name!r} is made by the rig; leave it out")
        if not name or any(character in name + value for character in "\r\n\0"):
            raise ServerProblem(f"the setting {name!r} holds a line break; give it as one line")
        chosen[name.lower()] = value or '""'
    return chosen


def password_of(config: Mapping[str, str]) -> str | None:
    """The password that clients need, if the settings ask for one."""
    parts = shlex.split(config.get("requirepass", ""))
    return parts[0] if parts and parts[0] else None


def quoted(path: Path) -> str:
    """A path as an argument in a config file, whatever bytes its name has."""
    plain = (chr(byte) if 32 <= byte < 127 and byte not in b'\\"' else f"\\x{byte:02x}"
             for byte in os.fsencode(path))  # fmt: skip
    return f'"{"".join(plain)}"'


def as_file(config: Mapping[str, str]) -> str:
    """The text of a config file."""
    return "".join(f"{name} {value}\n" for name, value in config.items())


def as_arguments(config: Mapping[str, str]) -> list[str]:
    """The same as command line arguments."""
    return [part for name, value in config.items() for part in (f"--{name}", *shlex.split(value))]
