"""Short names of values, by which a history compares what was sent, received and returned."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def digest(value: Any) -> str:
    """16 hex digits of a value's canonical JSON: keys in order, no spaces, ASCII only.

    Raises `TypeError` or `ValueError` for what has no JSON.
    """
    return sha256(_encode(value).encode("ascii")).hexdigest()[:16]
