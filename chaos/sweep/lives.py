"""The lives of a job that are swept. Each ends by itself: workers are in burst mode."""

from __future__ import annotations

from dataclasses import replace

from chaos.sweep.life import CANCELLED, DEAD, QUEUES, SETTINGS, Act, End, Life

#: A worker that a busy machine holds up for longer than its lock's TTL has lost the job, and has
#: nothing to hand back.
_DRAINED = replace(SETTINGS, lock_ttl_ms=1_500)
_DRAINED_SOON = replace(_DRAINED, grace_s=0.05, cleanup_s=0.05)
_POISON = replace(SETTINGS, max_crashes=2, lock_ttl_ms=600)
_FAR_MS = 600_000
_ONCE_FAILED = End(retries=1)
_FAILS = {"do": "fail", "times": 99}
#: Of jobs that run past their time-out.
_LATE = {"timeout_s": 1, "doomed": True}

#: One thing at a time.
_PLAIN = (
    Life(
        name="succeeds",
        meaning="runs once and is done",
        jobs=({"plan": {"do": "ok", "ms": 5}},),
        whole=True,
    ),
    Life(
        name="fails-then-succeeds",
        meaning="fails, is retried after a back-off, and succeeds",
        jobs=({"plan": {"do": "fail", "times": 1}},),
        ends=(_ONCE_FAILED,),
        whole=True,
    ),
    Life(
        name="fails-for-good",
        meaning="fails until its budget is used up, and is dead-lettered; its key is free again",
        jobs=({"plan": _FAILS, "max_retries": 2, "effects": 1, "unique": "key"},),
        ends=(replace(DEAD, retries=2),),
        again=(1,),
    ),
    Life(
        name="times-out",
        meaning="runs past its time-out of 1 s, with renewed locks, and is dead-lettered",
        jobs=({"plan": {"do": "hang"}, **_LATE, "effects": 1, "unique": "key"},),
        ends=(DEAD,),
        again=(1,),
    ),
    Life(name="deferred", meaning="waits until its time has come", jobs=({"delay_ms": 120},)),
    Life(
        name="unique",
        meaning="has a unique key, which is free again when the job is over",
        jobs=({"unique": "key"},),
        again=(1,),
    ),
    Life(name="with-effects", meaning="hands two effects to its commit", jobs=({"effects": 2},)),
    Life(
        name="burst",
        meaning="three jobs, one of them deferred, and a worker that leaves only after all of them",
        jobs=({}, {"effects": 1}, {"delay_ms": 80}),
        whole=True,
    ),
)

#: Several things in one life, as people have them.
_COMBINED = (
    Life(
        name="unique-fails",
        meaning="has a unique key, which it keeps while it fails and is retried",
        jobs=({"plan": {"do": "fail", "times": 1}, "unique": "key", "effects": 1},),
        ends=(_ONCE_FAILED,),
        again=(1,),
    ),
    Life(
        name="unique-deferred-dies",
        meaning="has a unique key, waits for its time, and kills its worker the first time",
        jobs=({"plan": {"do": "ok", "dies": 1}, "unique": "key", "delay_ms": 60, "effects": 1},),
        dies=True,
        again=(1,),
    ),
    Life(
        name="deferred-fails-for-good",
        meaning="waits for its time, fails until its budget is used up, and is dead-lettered",
        jobs=({"plan": _FAILS, "delay_ms": 60, "max_retries": 2},),
        ends=(replace(DEAD, retries=2),),
    ),
    Life(
        name="dies-then-fails",
        meaning="kills its worker the first time, then fails, and succeeds",
        jobs=({"plan": {"do": "ok", "dies": 1, "fails": 1}, "effects": 1},),
        ends=(_ONCE_FAILED,),
        dies=True,
    ),
    Life(
        name="poison",
        meaning="kills every worker that runs it, and is dead-lettered as soon as it may",
        jobs=({"plan": {"do": "die"}, "unique": "key", "effects": 1},),
        ends=(replace(DEAD, crashes=2),),
        settings=_POISON,
        dies=True,
        again=(1,),
    ),
    Life(
        name="dies-then-times-out",
        meaning="kills its worker the first time, then runs past its time-out",
        jobs=({"plan": {"do": "hang", "dies": 1}, **_LATE, "effects": 1},),
        ends=(DEAD,),
        dies=True,
    ),
    Life(
        name="retry-asked",
        meaning="asks to be run again after 80 ms, and succeeds",
        jobs=({"plan": {"do": "ok", "fails": 1, "raises": "retry", "delay_s": 0.08}},),
        ends=(_ONCE_FAILED,),
    ),
    Life(
        name="cancelled-by-itself",
        meaning="its handler raises CancelledError, which is a failure like any other",
        jobs=({"plan": {"do": "ok", "fails": 1, "raises": "cancelled"}, "effects": 1},),
        ends=(_ONCE_FAILED,),
    ),
    Life(
        name="nameless",
        meaning="is enqueued without an id, and the queue gives it one",
        jobs=({"id": None, "effects": 1},),
    ),
    Life(
        name="two-queues",
        meaning="one of three jobs is in the queue that its worker serves first",
        jobs=({}, {}, {"queue": QUEUES[1], "effects": 1}),
        serves=(QUEUES[1], QUEUES[0]),
        in_order=((3, 1), (1, 2)),
    ),
)

#: Plain functions, which run in threads.
_THREADS = (
    Life(
        name="thread",
        meaning="is a plain function; the first job fails once, the second succeeds",
        jobs=(
            {"plan": {"do": "ok", "ms": 5, "fails": 1}, "handler": "thread", "effects": 1},
            {"plan": {"do": "ok", "ms": 5}, "handler": "thread"},
        ),
        ends=(_ONCE_FAILED, End()),
    ),
    Life(
        name="thread-times-out",
        meaning="is a plain function that runs past its time-out, and looks whether it is to stop",
        jobs=({"plan": {"do": "hang"}, "handler": "thread", **_LATE},),
        ends=(DEAD,),
    ),
)

#: Workers that are told to stop.
_DRAINS = (
    Life(
        name="drained",
        meaning="its worker gets SIGTERM as soon as the claim has taken it, and hands it back",
        jobs=({"plan": {"do": "ok", "ms": 150}},),
        own=_DRAINED_SOON,
        acts=(Act(do="term", on="claim"),),
    ),
    Life(
        name="drained-twice",
        meaning="takes long at first; its worker is told to stop, and once more, and then hurries",
        jobs=({"plan": {"do": "once", "ms": 5_000}, "effects": 1},),
        own=replace(_DRAINED, grace_s=60.0),
        acts=(Act(do="term", on="claim"), Act(do="term", on="refresh")),
    ),
    Life(
        name="drained-for-long",
        meaning="its worker is told to stop, and lets it end, which takes longer than a lock lives",
        jobs=({"plan": {"do": "ok", "ms": 1_300}, "effects": 1},),
        own=replace(_DRAINED, lock_ttl_ms=1_000),
        acts=(Act(do="term", on="claim"),),
    ),
    Life(
        name="drained-while-claiming",
        meaning="its worker is told to stop while the answer to the claim is held back",
        jobs=({"plan": {"do": "ok", "ms": 5}, "effects": 1}, {}),
        own=_DRAINED_SOON,
        acts=(Act(do="term", on="claim", held_ms=60),),
    ),
    Life(
        name="drained-while-finishing",
        meaning="its worker is told to stop while the answer to the completion is held back",
        jobs=({"effects": 1}, {}),
        own=_DRAINED_SOON,
        acts=(Act(do="term", on="finish", held_ms=60),),
    ),
    Life(
        name="drained-and-failing",
        meaning="its worker is told to stop as soon as the claim has taken it, and it fails",
        jobs=({"plan": {"do": "ok", "ms": 20, "fails": 1}, "unique": "key", "effects": 1},),
        ends=(_ONCE_FAILED,),
        own=_DRAINED,
        acts=(Act(do="term", on="claim"),),
        again=(1,),
    ),
)

#: Jobs that are cancelled, and jobs that get a new life.
_OPERATED = (
    Life(
        name="cancelled",
        meaning="the first of two would never end; it is cancelled once it is held, for good",
        jobs=({"plan": {"do": "hang"}, "doomed": True, "effects": 1, "unique": "key"}, {}),
        ends=(CANCELLED, End()),
        acts=(Act(do="cancel", on="claim"),),
        again=(1,),
    ),
    Life(
        name="cancelled-retrying",
        meaning="asks to be run again in ten minutes, and is cancelled while it waits",
        jobs=(
            {
                "plan": {"do": "ok", "fails": 9, "raises": "retry", "delay_s": _FAR_MS / 1_000},
                "doomed": True,
                "unique": "key",
            },
        ),
        ends=(replace(CANCELLED, retries=1),),
        acts=(Act(do="cancel", on="retry"),),
        again=(1,),
    ),
    Life(
        name="cancel",
        meaning="one waits, one is deferred; the operator who cancels them is hit, and another"
        " cancels them again",
        jobs=(
            {"doomed": True, "unique": "key", "effects": 1},
            {"doomed": True, "delay_ms": _FAR_MS},
            {"effects": 1},
        ),
        ends=(CANCELLED, CANCELLED, End()),
        victim="operator",
        order="cancel",
        ordered=(1, 2),
        again=(1,),
    ),
    Life(
        name="dlq-requeue",
        meaning="is dead-lettered; the operator who requeues it is hit, and another requeues it",
        jobs=(
            {
                "plan": {"do": "until", "path": "mended"},
                "max_retries": 1,
                "effects": 1,
                "unique": "key",
            },
        ),
        victim="operator",
        order="requeue",
        worked_before=True,
        whole=True,
        again=(1,),
    ),
    Life(
        name="dlq-requeue-poison",
        meaning="has killed its workers and is dead-lettered; requeued, it counts no crash",
        jobs=({"plan": {"do": "die", "path": "mended"}, "effects": 1},),
        ends=(End(crashes=0),),
        victim="operator",
        order="requeue",
        worked_before=True,
        settings=_POISON,
        dies=True,
    ),
)

#: Producers that are hit.
_PRODUCED = (
    Life(
        name="enqueue",
        meaning="the producer is hit, and another one enqueues the same job again",
        jobs=({"effects": 1},),
        victim="producer",
        whole=True,
    ),
    Life(
        name="enqueue-many",
        meaning="the producer is hit in a bulk enqueue into two queues, and another one repeats it",
        jobs=(
            {"effects": 1},
            {"queue": QUEUES[1], "unique": "key"},
            {"plan": {"do": "fail", "times": 1}},
            {"queue": QUEUES[1], "delay_ms": 40},
        ),
        ends=(End(), End(), _ONCE_FAILED, End()),
        victim="producer",
        serves=(QUEUES[0], QUEUES[1]),
    ),
    Life(
        name="enqueue-async",
        meaning="the producer uses the async client; it is hit, and another one repeats it",
        jobs=({"effects": 1}, {"unique": "key"}),
        victim="producer",
        client="async",
    ),
)

LIVES = (*_PLAIN, *_COMBINED, *_THREADS, *_DRAINS, *_OPERATED, *_PRODUCED)
BY_NAME = {life.name: life for life in LIVES}
