"""Log lines that always say which worker they are from, as text or as JSON."""

import json
import logging
from collections.abc import Sequence
from typing import IO

from .keys import queue_name

ROOT = "rrq_ref"


class WorkerLog(logging.LoggerAdapter[logging.Logger]):
    """Stamps worker id and queues on every record."""

    def __init__(self, name: str, worker_id: str, queues: Sequence[str]) -> None:
        stamp = {"worker_id": worker_id, "queues": ",".join(map(queue_name, queues))}
        super().__init__(logging.getLogger(f"{ROOT}.{name}"), stamp)


PLAIN = logging.Formatter(
    "%(asctime)s %(levelname)s [%(worker_id)s %(queues)s] %(message)s",
    defaults={"worker_id": "-", "queues": "-"},
)


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

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
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure(
    *, json_lines: bool = False, level: str = "INFO", stream: IO[str] | None = None
) -> None:
    """Send this package's log lines to `stream` (standard error)."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter() if json_lines else PLAIN)
    logger = logging.getLogger(ROOT)
    logger.handlers[:] = [handler]
    logger.setLevel(level)
    logger.propagate = False
