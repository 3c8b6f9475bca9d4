"""Makes jobs of points of the space.

What the checks have to know of a job (`doomed`, `resists`, effects, …) is derived here and nowhere
else.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from chaos.jobs.job import ECHO, Job
from chaos.jobs.space import SPACE, Coverage, Point, batch_of

#: Points drawn for a job, of which the one that meets most new pairs is taken.
_TRIES = 3
#: Jobs of one draw that may be costly.
_COSTLY = 20
_HOUR_S = 3_600
_LARGE, _HUGE = 300_000, 5_000_000

_BUDGETS = {"one": 1, "three": 3, "five": 5}
_TIMES = {"never": 0, "once": 1, "twice": 2, "always": 1_000}
_EFFECTS = {"none": 0, "one": 1, "four": 4, "refused": 3, "refused-last": 3, "clash": 2}
_KEPT_S = {"usual": None, "hour": _HOUR_S, "ever": 0}
_REFUSED = {"refused": 0, "refused-last": 2}
_REFUSED_AS = ("no-number", "no-command", "too-few")
_RETRY_S = {"retry-now": 0.0, "retry-soon": 0.5, "retry-late": float(_HOUR_S)}
_FALSY: tuple[Any, ...] = (None, False, 0, 0.0, "", [], {})
_UNICODE = (
    "ключ",
    "日本語",
    "\U0001f408",
    "e\u0301",
    "\u0000",
    '"\\',
    "\u2028",
    "\ufeff",
    "\ud800",
)
_NUMBERS = (2**63, -(2**70), 1e308, -0.0, 0.1, 5e-324, -1, 10**15 + 1)


def draw(
    random: Random,
    n: int,
    *,
    name: str = "job",
    first: int = 1,
    queues: Sequence[str] = ("chaos",),
    takes: Collection[str] | None = None,
    client: str = "sync",
    seen: Coverage | None = None,
    never: Collection[str] = (),
) -> list[Job]:
    """Draw jobs for one call of a client; ids are `<name>-<number>`, from `first` on.

    A job whose id is to be enqueued twice stands twice in the list, so that this may be longer than
    n. `takes` names the dimensions that the queue under test can take (`Target.takes`), and `seen`
    has the pairs that were met before: those are avoided, and what is drawn is added to them.
    `never` names values, each as `dimension=value`, that nobody can use now.
    """
    known = seen if seen is not None else Coverage()
    given = {"batch": batch_of(n), "client": client}
    if takes is not None:
        given = {name: value for name, value in given.items() if name in takes}
    jobs: list[Job] = []
    for place in range(n):
        light = place >= _COSTLY
        tries = 1 if light else _TRIES
        points = [SPACE.point(random, given, takes, light=light, never=never) for _ in range(tries)]
        point = max(points, key=known.new)
        known.add([point])
        jobs.append(job_of(point, random, name, first + place, queues))
    twins = [replace(job, args=(*job.args, "again")) for job in jobs if job.point["id"] == "twice"]
    for twin in twins:
        jobs.insert(random.randrange(len(jobs) + 1), twin)
    return jobs


def job_of(point: Point, random: Random, name: str, number: int, queues: Sequence[str]) -> Job:
    """A job at this point of the space."""
    args, kwargs = _arguments(point["args"], random)
    hit = point["timeout"] == "hit"
    # Nothing tells a plain function that it is cancelled unless it looks.
    resists = point["work"] == "deaf" or (point["handler"] == "thread" and point["work"] != "loops")
    ends_dead = hit or point["result"] == "unserialisable"
    perhaps_dead = point["effects"] in ("refused", "refused-last", "clash")
    result = _result(point["result"], random)
    delay_ms, until = _due(point["due"], random)
    return Job(
        id=None if point["id"] == "none" else f"{name}-{number:05d}",
        plan=_plan(point, random, name, number) | ({} if result is None else {"result": result}),
        queue=_queue(point["queue"], queues),
        handler="thread" if point["handler"] == "thread" else "async",
        args=args,
        kwargs=kwargs,
        result=result,
        unique=_key(point["unique"], name, number, random),
        delay_ms=delay_ms,
        defer_until=until,
        max_retries=_BUDGETS[point["budget"]],
        timeout_s=1 if hit else 60,
        result_ttl_s=_KEPT_S[point["kept"]],
        effects=_EFFECTS[point["effects"]],
        doomed=ends_dead or perhaps_dead,
        resists=resists,
        point=point,
    )


def _plan(point: Point, random: Random, name: str, number: int) -> dict[str, Any]:
    """What its handler is told to do."""
    work_ms = {
        "none": 0,
        "short": random.randint(1, 30),
        "loops": random.randint(1, 60),
        "long": random.randint(300, 900),
        "deaf": random.randint(300, 900),
    }
    ways = {"deaf": "resist", "loops": "loop"}
    plan: dict[str, Any] = {"do": ways.get(point["work"], "ok"), "ms": work_ms[point["work"]]}
    if point["timeout"] == "hit":
        # One that looks is told; any other comes back by itself, and too late.
        told = point["work"] == "loops" or (point["handler"] == "async" and point["work"] != "deaf")
        plan |= {"do": "hang"} if told else {"ms": 1_500}
    elif point["result"] == "unserialisable":
        plan |= {"do": "unserialisable"}
    if fails := _TIMES[point["fails"]]:
        plan["fails"] = fails
        plan["raises"], plan["delay_s"] = point["raises"], _RETRY_S.get(point["raises"])
        if plan["delay_s"] is not None:
            plan["raises"] = "retry"
    if dies := _TIMES[point["crashes"]]:
        plan["dies"] = dies
    if point["effects"] in _REFUSED:
        plan |= {"refused": _REFUSED[point["effects"]], "refused_as": random.choice(_REFUSED_AS)}
    elif point["effects"] == "clash":
        plan |= {"clash": f"{name}-{number // 50}", "append": random.random() < 0.5}
    return plan


def _queue(word: str, queues: Sequence[str]) -> str | None:
    place = min(("first", "second", "third").index(word), len(queues) - 1)
    return queues[place] if place else None


def _key(word: str, name: str, number: int, random: Random) -> str | None:
    """A unique key. A shared one is that of some neighbours, so that new ones are always free."""
    if word == "none":
        return None
    return f"{name}-{number}" if word == "own" else f"{name}-{number // 40}-{random.randrange(3)}"


def _due(word: str, random: Random) -> tuple[int, float | None]:
    """A delay in ms, or a time in seconds since the epoch."""
    now = time.time()
    match word:
        case "delayed":
            return random.randint(100, 1_000), None
        case "until":
            return 0, now + random.uniform(0.1, 1.0)
        case "past":
            return 0, now - _HOUR_S
        case "far":
            return random.choice(((_HOUR_S * 1000, None), (0, now + _HOUR_S)))
        case _:
            return 0, None


def _arguments(word: str, random: Random) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
    match word:
        case "falsy":
            return _some(_FALSY, random), {"f": random.choice(_FALSY), "": None}
        case "unicode":
            return _some(_UNICODE, random), {random.choice(_UNICODE): "é"}
        case "nested":
            values: tuple[Any, ...] = (_nested(random, 3), {"a": [{"b": {}}]}, [[1, "a"], []])
            return _some(values, random), {"deep": [[[[[[_nested(random, 1)]]]]]]}
        case "numbers":
            return _some(_NUMBERS, random), {"n": random.choice(_NUMBERS)}
        case "large" | "huge":
            size = _LARGE if word == "large" else _HUGE
            text = "x" * size if random.random() < 0.5 else "é" * (size // len(r"\u00e9"))
            return (text,), {"more": random.randrange(1_000)}
        case _:
            return (), {}


def _some(values: Sequence[Any], random: Random) -> tuple[Any, ...]:
    """Up to four of these: a job with one argument is another case than one with several."""
    return tuple(random.sample(values, random.randint(1, min(4, len(values)))))


def _nested(random: Random, depth: int) -> Any:
    """A value of some JSON kind, with others in it."""
    if not depth:
        return random.choice((*_FALSY, *_NUMBERS, *_UNICODE, True, "text"))
    inner = [_nested(random, depth - 1) for _ in range(random.randrange(3))]
    return (
        inner
        if random.random() < 0.5
        else {f"k{place}": value for place, value in enumerate(inner)}
    )


def _result(word: str, random: Random) -> Any:
    match word:
        case "echo":
            return ECHO
        case "falsy":
            return random.choice(_FALSY[1:])
        case "large":
            return "r" * _LARGE
        case _:
            return None
