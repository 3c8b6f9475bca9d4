"""What can be wrong with a server, said in one sentence that helps."""

import errno
import re
from pathlib import Path


class ServerProblem(Exception):
    """A server cannot be used as asked. The message says what is wrong and what would be right."""


def mask(url: str) -> str:
    """The URL without its secrets, fit for messages.

    Everything before the last @ goes, because a password may hold any character.
    """
    without_user = re.sub(r"://.*@", "://***@", url, flags=re.DOTALL)
    return re.sub(r"([?&][^=&]*pass[^=&]*=)[^&]*", r"\1***", without_user, flags=re.IGNORECASE)


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
