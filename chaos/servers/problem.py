"""Anything that can be wrong with a server, in one sentence that helps."""

import errno
import re
from pathlib import Path
from urllib.parse import unquote

from chaos.errors import ChaosError


class ServerProblem(ChaosError):
    """A server cannot be used as asked. The message says what is wrong and what would be right."""


def mask(url: str) -> str:
    """The URL without its secrets, fit for messages. What names no URL stays as it is.

    Everything before the last @ goes, because a password may hold any character, and a URL with a
    slip in its scheme may hold a password too.
    """
    if url.startswith(("local:", "container:")):
        return url
    without_user = re.sub(r"^([^/@]*:/*)?.*@", _user, url, flags=re.DOTALL)
    place, question, query = without_user.partition("?")
    return place + question + "&".join(_option(option) for option in query.split("&"))


def _user(found: re.Match[str]) -> str:
    # `//` belongs to a URL; without it, what stands before may be the password itself.
    scheme = found[1] or ""
    return f"{scheme}***@" if "/" in scheme else "***@"


def _option(option: str) -> str:
    """`name=value`, the value hidden where the name tells of a secret, however it is written."""
    name, equals, _ = option.partition("=")
    secret = re.search("pass|secret|token", unquote(name), re.IGNORECASE)
    return f"{name}{equals}***" if equals and secret else option


def directory_problem(directory: Path, error: OSError) -> ServerProblem:
    """Why a server's directory cannot be used."""
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ServerProblem(
            f"the directory {directory} cannot be written; give one that you may write to"
        )
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ServerProblem(f"the disk of {directory} is full; free some space or give another")
    return ServerProblem(
        f"the directory {directory} cannot be used ({error.strerror}); give another one"
    )
