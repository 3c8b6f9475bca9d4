"""The beginning and end of a program: its exit code, and one sentence for each mistake."""

from __future__ import annotations

import errno
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import NoReturn

import click

from chaos.checks import Outcome
from chaos.errors import ChaosError
from chaos.processes import Interrupted, on_signals
from chaos.report import output
from chaos.rig.options import SIGNALLED, USAGE, BadOption
from chaos.servers import ServerProblem
from chaos.targets import UnknownTarget

_DISK_FULL = (
    "the disk is full, so this run proves nothing; make room on it, or give --out a directory on"
    " another one"
)


def enter(command: click.Command, name: str, words: Sequence[str] | None = None) -> NoReturn:
    """Run a program by its command, and leave the process with its exit code.

    1 means FAIL, so only a verdict may say it: Ctrl-C, for which click has 1, gets the code of its
    signal, and an exception that nobody caught is unknown.
    """
    output.harden()
    try:
        code = command.main(words, prog_name=name, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = USAGE if isinstance(error, click.UsageError) else Outcome.UNKNOWN.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = SIGNALLED + signal.SIGINT
    except BadOption as error:
        complain(f"error: {error}")
        code = USAGE
    except Exception:  # noqa: BLE001 - see above
        traceback.print_exc()
        code = Outcome.UNKNOWN.exit_code
    sys.exit(code or 0)


def guarded(work: Callable[[], int]) -> int:
    """Do the work of a command. A mistake that its user can mend becomes one sentence and the
    right exit code."""
    try:
        with on_signals():
            return work()
    except (BadOption, UnknownTarget, ServerProblem) as error:
        complain(f"error: {error}")
        return USAGE
    except (OSError, ChaosError) as error:
        full = isinstance(error, OSError) and error.errno == errno.ENOSPC
        complain(f"error: {_DISK_FULL if full else error}")
        return Outcome.UNKNOWN.exit_code
    except Interrupted as error:
        complain(f"{error}; everything that was started has been stopped")
        return SIGNALLED + error.signum
    except Exception as error:  # noqa: BLE001 - a traceback's exit code would say "fail"
        traceback.print_exc()
        complain(f"error: the rig itself failed: {error}")
        return Outcome.UNKNOWN.exit_code


def complain(sentence: str) -> None:
    """Print on stderr what is wrong."""
    output.console(stderr=True).print(sentence, soft_wrap=True)
