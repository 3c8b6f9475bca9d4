"""`python -m rrq_ref`: run workers, enqueue, and look after queues."""

import argparse
import asyncio
import importlib
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from .attempt import Handler
from .client import Client
from .dlq import ACTIONS, dlq
from .errors import RRQError
from .fleet import Fleet
from .logs import configure
from .process import leave, run_worker
from .settings import Settings

Command = Callable[[Client, argparse.Namespace], Awaitable[int | None]]


def _worker(options: argparse.Namespace, settings: Settings) -> int:
    handlers = _handlers(options.handlers)
    configure(json_lines=options.log == "json")
    if options.num_workers == 1:
        leave(run_worker(handlers, settings, burst=options.burst))
    return Fleet(handlers, settings, num_workers=options.num_workers, burst=options.burst).run()


def _handlers(spec: str) -> Mapping[str, Handler]:
    module_name, _, attribute = spec.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        handlers = getattr(importlib.import_module(module_name), attribute or "HANDLERS")
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"--handlers {spec} cannot be loaded: {error}") from error
    if not isinstance(handlers, Mapping) or not all(map(callable, handlers.values())):
        raise ValueError(f"--handlers {spec} is no mapping of names to functions")
    return handlers


async def _enqueue(client: Client, options: argparse.Namespace) -> None:
    names = ("kwargs", "queue", "job_id", "unique_key", "max_retries")
    given = {name: getattr(options, name) for name in names}
    print((await client.enqueue(options.function, *options.args, **given)).id)


async def _job(client: Client, options: argparse.Namespace) -> None:
    job = await client.job(options.id)
    print(
        json.dumps(
            {field.name: _printable(getattr(job, field.name)) for field in fields(job)}, indent=2
        )
    )


def _printable(value: Any) -> Any:
    """A field of a job, which may be nested deeper than can be printed."""
    try:
        return json.loads(json.dumps(value, indent=2, default=str))
    except (RecursionError, ValueError):
        return "(nested too deep to be shown)"


async def _queue(client: Client, options: argparse.Namespace) -> None:
    for name in options.names or ["default"]:
        sizes = await client.store.sizes(name)
        print(name, " ".join(f"{what}={number}" for what, number in sizes.items()))


async def _health(client: Client, _: argparse.Namespace) -> int:
    workers = await client.store.workers()
    for report in workers:
        print(json.dumps(report))
    if not workers:
        print("no worker is alive", file=sys.stderr)
    return 0 if workers else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m rrq_ref", description=__doc__)
    default = Settings()
    parser.add_argument("--redis", default=default.redis_url, help="URL (%(default)s)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Command | None, text: str) -> Callable[..., Any]:
        one = commands.add_parser(name, help=text)
        one.set_defaults(run=run)
        return one.add_argument

    add = command("worker", None, "run workers until SIGTERM")
    add("--handlers", required=True, help="module:ATTRIBUTE, a mapping of names to functions")
    add("--queues", default="default", help="comma-separated, in order of priority")
    add("--num-workers", type=int, help="processes (the CPU count); 1 runs without a parent")
    add("--concurrency", type=int, default=default.concurrency, help="jobs at a time per process")
    add("--burst", action="store_true", help="leave when queues and locks are empty")
    add("--drain-timeout-s", type=float, default=default.drain_timeout_s)
    add("--lock-ttl-ms", type=int, default=default.lock_ttl_ms)
    add("--log", choices=["plain", "json"], default="plain")

    add = command("enqueue", _enqueue, "enqueue one job; prints its id")
    add("function")
    add("args", nargs="*", type=_json, help="positional arguments, each as JSON")
    add("--kwargs", type=_json, help="keyword arguments, a JSON object")
    add("--queue", default="default")
    add("--id", dest="job_id", help="job id; the same one twice is one job")
    add("--unique-key")
    add("--max-retries", type=int, help="runs in all")

    command("job", _job, "show one job")("id")
    command("queue", _queue, "sizes of queues")("names", nargs="*")
    command("health", _health, "workers that are alive; exit code 1 if none is")

    add = command(
        "dlq", dlq, "list, requeue or delete dead-lettered jobs; purge takes off what has expired"
    )
    add("action", choices=ACTIONS)
    add("--queue", default="default", help="the dead-letter queue of this queue")
    add("--id", action="append", help="only this job; may be given again")
    add("--function", default="*", help="only functions that match this pattern")
    add("--reason", help="only this reason: retries, timeout, poison, …")
    add("--error", default="", help="only where the last error contains this text")
    add("--dry-run", action="store_true", help="show what it would be done to")
    add(
        "--all",
        action="store_true",
        help="purge: all entries, also of dead jobs, which are deleted",
    )
    return parser


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not JSON; a string needs quotes") from None


async def _with_client(options: argparse.Namespace) -> int:
    try:
        client = Client(Settings(redis_url=options.redis))
    except ValueError as error:
        raise ValueError(f"--redis {options.redis}: {error}") from error
    async with client:
        return await options.run(client, options) or 0


def main(words: list[str] | None = None) -> int:
    """Run one command; 0, 1 when it could not be done, 2 on wrong usage."""
    options = _parser().parse_args(words)
    try:
        if options.run is not None:
            return asyncio.run(_with_client(options))
        names = ("concurrency", "drain_timeout_s", "lock_ttl_ms")
        given = {name: getattr(options, name) for name in names}
        queues = tuple(options.queues.split(","))
        return _worker(options, Settings(redis_url=options.redis, queues=queues, **given))
    except (RRQError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1 if isinstance(error, RRQError) else 2


if __name__ == "__main__":
    sys.exit(main())
