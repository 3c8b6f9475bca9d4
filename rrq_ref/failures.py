"""Texts and tracebacks of any exception, even one whose own code raises or says too much."""

from collections.abc import Callable
from contextlib import suppress
from traceback import TracebackException, format_tb
from types import TracebackType
from typing import Any

from .children import OnlyHere

_TEXT_LENGTH = 2_000
_TRACEBACK_LENGTH = 4_000
_FRAMES = 30  # the innermost ones

#: Not read as attributes: a subclass or its metaclass may define these names differently.
_name: Any = type.__dict__["__name__"].__get__
_traceback: Any = BaseException.__dict__["__traceback__"].__get__


def caught(call: Callable[..., Any], *args: Any) -> tuple[Any, BaseException | None]:
    """Call, and return the result and the exception as values. For threads: no future takes a
    StopIteration."""
    try:
        with OnlyHere():
            return call(*args), None
    except BaseException as error:  # noqa: BLE001 - it becomes a value
        return None, error


def text(error: BaseException) -> str:
    """`Name: message`, cut to a bound, in valid UTF-8."""
    try:
        said = f"{_name(type(error))}: {error}"[:_TEXT_LENGTH]
    except BaseException:  # noqa: BLE001 - an exception that cannot be printed must do no more harm
        said = _name(type(error))
    return utf8(said)


def trace(error: BaseException) -> TracebackType | None:
    """The exception's traceback, from the application's first frame on: without this package's
    frames before it."""
    at: TracebackType | None = _traceback(error)
    while at is not None and at.tb_frame.f_globals.get("__package__") == __package__:
        at = at.tb_next
    return at


def traceback(error: BaseException | None, at: TracebackType | None) -> str:
    """The traceback as Python prints it, cut in the middle, in valid UTF-8."""
    if error is None:  # `exc_info=True` although nothing was raised
        return ""
    try:
        whole = TracebackException(type(error), error, at, limit=-_FRAMES, compact=True)
        lines = [_cut(line, _TEXT_LENGTH) for line in whole.format()]
    except BaseException:  # noqa: BLE001 - as above
        lines = [*format_tb(at, limit=-_FRAMES), text(error)]
    return utf8(_cut("".join(lines).rstrip("\n"), _TRACEBACK_LENGTH))


def log(log: Any, error: BaseException | None, what: object, said: str) -> str:
    """Log that something failed, with the application's traceback, and return that traceback."""
    at = None if error is None else trace(error)
    exc_info = None if error is None or at is None else (type(error), error, at)
    with suppress(BaseException):  # an application's own logging may fail on them
        log.warning("%s failed: %s", what, said, exc_info=exc_info)
    return traceback(*exc_info[1:]) if exc_info else ""


def _cut(long: str, length: int) -> str:
    most = length // 2
    return long if len(long) <= length else f"{long[:most]}\n…\n{long[-most:]}"


def utf8(said: str) -> str:
    """The same text with lone surrogates escaped, as in file names that are not UTF-8."""
    return said.encode(errors="backslashreplace").decode()
