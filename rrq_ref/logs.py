"""Log lines as text or JSON, each with the worker that wrote it."""

import json
import logging
from collections.abc import Sequence
from typing import IO

from . import failures
from .keys import queue_name

ROOT = "rrq_ref"


class WorkerLog(logging.LoggerAdapter[logging.Logger]):
    """Stamps worker id and queues on every record."""

    def __init__(self, name: str, worker_id: str, queues: Sequence[str]) -> None:
        stamp = {"worker_id": worker_id, "queues": ",".join(map(queue_name, queues))}
        super().__init__(logging.getLogger(f"{ROOT}.{name}"), stamp)
        self.logger.addFilter(_described)


def _described(record: logging.LogRecord) -> bool:
    if record.exc_info:  # formatted here, so that no exception's own code can cost a line
        record.exc_text = failures.traceback(*record.exc_info[1:])
    return True


_stamp: dict[str, str] = {}


def stamp(worker_id: str, queues: Sequence[str]) -> None:
    """Put the worker's id and its queues on every log line of this process, whoever writes it.

    They become `worker_id` and `queues` of each record that reaches one of today's log handlers.
    """
    _stamp.update(worker_id=worker_id, queues=",".join(map(queue_name, queues)))
    known = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    for handler in (handler for logger in known for handler in getattr(logger, "handlers", ())):
        handler.addFilter(_stamped)


def _stamped(record: logging.LogRecord) -> bool:
    for name, value in _stamp.items():
        vars(record).setdefault(name, value)  # a record's own value stays
    return True


def printable(text: str) -> str:
    """The text on one line, with unprintable characters escaped as in Python."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


class PlainFormatter(logging.Formatter):
    """One line for each record. Lines of a traceback are marked, so that none passes for a
    record."""

    def format(self, record: logging.LogRecord) -> str:
        first, *more = super().format(record).split("\n")
        return "\n".join([first, *(f"  | {printable(line)}" for line in more)])

    def formatMessage(self, record: logging.LogRecord) -> str:
        return printable(super().formatMessage(record))


PLAIN = PlainFormatter(
    "%(asctime)s %(levelname)s [%(worker_id)s %(queues)s] %(message)s",
    defaults={"worker_id": "-", "queues": "-"},
)


class JsonFormatter(logging.Formatter):
    """One JSON object for each line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "worker_id": getattr(record, "worker_id", None),
            "queues": getattr(record, "queues", None),
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = record.exc_text or self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure(
    *, json_lines: bool = False, level: str = "INFO", stream: IO[str] | None = None
) -> None:
    """Send this package's log lines to `stream` (default: standard error). Send all others there
    too, unless the application has set up its own logging."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter() if json_lines else PLAIN)
    logger, root = logging.getLogger(ROOT), logging.getLogger()
    if root.handlers in ([], logger.handlers):
        root.handlers[:] = [handler]
        if root.level == logging.WARNING:  # Python's default, not a choice
            root.setLevel(level)
    logger.handlers[:] = [handler]
    logger.setLevel(level)
    logger.propagate = False
