"""`python -m rrq_ref`: run workers, enqueue, and look after queues."""

import argparse
import asyncio
import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any, NoReturn

from . import failures, keys
from .attempt import checked
from .client import Client
from .dlq import ACTIONS, dlq, say, shown
from .errors import RRQError, meant
from .fleet import Fleet
from .hooks import Hooks
from .job import JobStatus
from .logs import configure
from .process import leave, run_worker
from .scripts import Answer
from .settings import Settings
from .url import flaw, mask

Command = Callable[[Client, argparse.Namespace], Awaitable[int | None]]


def _worker(options: argparse.Namespace, settings: Settings) -> int:
    handlers = _load("--handlers", options.handlers, "HANDLERS")
    hooks = _load("--hooks", options.hooks, "HOOKS") if options.hooks else Hooks()
    if not isinstance(hooks, Hooks):
        raise ValueError(f"--hooks {options.hooks} is not an rrq_ref.Hooks")
    try:
        checked(handlers)
    except ValueError as error:
        raise ValueError(f"--handlers {options.handlers}: {error}") from error
    configure(json_lines=options.log == "json")
    given: dict[str, Any] = {"burst": options.burst, "hooks": hooks}
    # Only a parent can restart, replace or recycle a worker.
    parent = options.num_workers != 1 or settings.max_jobs or settings.hung_after_s
    if not (parent or options.burst):
        leave(run_worker(handlers, settings, **given))
    return Fleet(handlers, settings, num_workers=options.num_workers, **given).run()


def _load(option: str, spec: str, default: str) -> Any:
    """Import `module:ATTRIBUTE`; an error names the file and line that raised it."""
    module_name, _, attribute = spec.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        return getattr(importlib.import_module(module_name), attribute or default)
    except (Exception, SystemExit) as error:  # a module may do anything when it is imported
        calls = traceback.extract_tb(error.__traceback__)[1:]
        own = [call for call in calls if "importlib" not in call.filename]
        where = f" ({own[-1].filename}, line {own[-1].lineno})" if own else ""
        said = shown(f"{failures.text(error)}{where}")
        raise ValueError(f"{option} {spec} cannot be loaded: {said}") from error


async def _enqueue(client: Client, options: argparse.Namespace) -> None:
    job = await client.enqueue(
        options.function, *options.args, kwargs=options.kwargs, queue=options.queue,
        job_id=options.job_id, unique_key=options.unique_key, max_retries=options.max_retries,
    )  # fmt: skip
    say([shown(job.id)])


async def _cancel(client: Client, options: argparse.Namespace) -> int:
    answer = await client.cancel(options.id)
    say([f"{answer} {shown(options.id)}"])
    return 0 if answer in (Answer.DONE, Answer.REQUESTED) else 1


async def _wait(client: Client, options: argparse.Namespace) -> int:
    try:
        job = await client.wait(options.id, options.timeout)
    except TimeoutError as error:
        raise RRQError(str(error)) from error
    await _job(client, options)
    return 0 if job.status is JobStatus.COMPLETED else 1


async def _job(client: Client, options: argparse.Namespace) -> None:
    job = await client.job(options.id)
    texts = {field.name: _printable(getattr(job, field.name)) for field in fields(job)}
    say([json.dumps(texts, indent=2)])


def _printable(value: Any) -> Any:
    """One field of a job as JSON, or a remark if it is nested too deep to print."""
    try:
        return json.loads(json.dumps(value, indent=2, default=str))
    except (RecursionError, ValueError):
        return "(nested too deep to be shown)"


async def _queue(client: Client, options: argparse.Namespace) -> None:
    names = options.names or ["default"]
    if all([say([_sizes(name, await client.store.sizes(name))]) for name in names]):
        for name in names:
            await _check_queue(client, name)


async def _queues(client: Client, _: argparse.Namespace) -> None:
    say(_sizes(name, sizes) for name, sizes in (await client.queues()).items())


def _sizes(name: str, sizes: Mapping[str, int]) -> str:
    numbers = (f"{what}={number}" for what, number in sizes.items())
    return " ".join((shown(name), *(numbers if sizes else ["unreadable"])))


async def _check_queue(client: Client, name: str) -> None:
    """Raise `RRQError` for a queue that has no job, no key and no worker: it may be mistyped.

    An empty queue leaves no key, so the health reports of live workers are asked as well.
    """
    bare = keys.queue_name(name)
    if bare == "default" or any((await client.store.sizes(bare)).values()):
        return
    known = await client.queues()
    if bare not in known:
        text = "it holds no job, and no live worker serves it"
        raise RRQError(f"no queue is named {name!r}: {text}{meant(bare, (*known, 'default'))}")


async def _health(client: Client, _: argparse.Namespace) -> int:
    workers = await client.store.workers()
    alive = [report for report in workers if report.get("status") != "unreadable"]
    say(map(json.dumps, alive))
    for report in workers:
        if report not in alive:
            name = shown(report["worker_id"])
            print(f"the health key of {name} cannot be read; skipped", file=sys.stderr)
    if not alive:
        print("no worker is alive", file=sys.stderr)
    return 0 if alive else 1


async def _dlq(client: Client, options: argparse.Namespace) -> int:
    await _check_queue(client, options.queue)
    return await dlq(client, options)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        super().error(shown(mask(message)))


def _parser() -> argparse.ArgumentParser:
    everywhere = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    text = "URL of the server (default: RRQ_REDIS_URL, or redis://127.0.0.1:6379/0)"
    everywhere.add_argument("--redis", metavar="URL", help=text)
    parser = _Parser(prog="python -m rrq_ref", description=__doc__, parents=[everywhere])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Command | None, text: str) -> Callable[..., Any]:
        one = commands.add_parser(name, help=text, parents=[everywhere])
        one.set_defaults(run=run)
        return one.add_argument

    add = command("worker", None, "run workers until SIGTERM")
    add("--handlers", required=True, help="module:ATTRIBUTE, a mapping of names to functions")
    add(
        "--hooks",
        help="module:ATTRIBUTE, a `rrq_ref.Hooks`: functions to call at start, end and failure",
    )
    add("--queues", default="default", help="comma-separated, in order of priority")
    add("--num-workers", type=int, help="processes (default: one per usable CPU); 1 has no parent")
    add("--concurrency", type=int, help="jobs at a time per process")
    add("--burst", action="store_true", help="leave when queues and locks are empty")
    add("--drain-timeout-s", type=float)
    add("--lock-ttl-ms", type=int)
    add("--max-jobs", type=int, help="replace a worker after this many jobs; 0: never")
    add("--hung-after-s", type=float, help="replace a worker that hangs this long; 0: never")
    add("--max-early-crashes", type=int, help="crashes after which a fleet gives up; 0: never")
    add("--alive-file", help="file that is touched while the worker, or the parent, is alive")
    add("--log", choices=["plain", "json"], default="plain")

    add = command("enqueue", _enqueue, "enqueue one job; prints its id")
    add("function")
    add("args", nargs="*", type=_json, help="positional arguments, each as JSON")
    add("--kwargs", type=_json, help="keyword arguments, a JSON object")
    add("--queue")
    add("--id", dest="job_id", help="job id; enqueued twice, it is still one job")
    add("--unique-key")
    add("--max-retries", type=int, help="runs in all, the first included")

    command("job", _job, "show one job")("id")
    command("cancel", _cancel, "cancel a job, or ask it to stop if it runs")("id")
    add = command("wait", _wait, "show a job once it has ended; exit code 1 if not completed")
    add("id")
    add("--timeout", type=float, help="seconds (default: for ever)")
    command("queue", _queue, "sizes of queues")("names", nargs="*")
    command("queues", _queues, "all queues, with their sizes")
    command("health", _health, "workers that are alive; exit code 1 if none is")

    add = command(
        "dlq", _dlq, "list, requeue or delete dead-lettered jobs; purge removes expired entries"
    )
    add("action", choices=ACTIONS)
    add("--queue", default="default", help="the dead-letter queue of this queue")
    add("--id", action="append", help="only this job; repeatable")
    add("--function", default="*", help="only functions that match this pattern")
    add("--reason", help="only this reason: retries, timeout, poison, …")
    add("--error", default="", help="only jobs whose last error contains this text")
    add("--dry-run", action="store_true", help="show the jobs that match, and change nothing")
    add("--all", action="store_true", help="purge: every entry; dead jobs are deleted with theirs")
    return parser


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        short = text if len(text) < 100 else text[:100] + "…"
        raise argparse.ArgumentTypeError(f"{short!r} is not JSON; a string needs quotes") from None


def _settings(options: argparse.Namespace) -> Settings:
    """Settings from the options that were given, and defaults for the others."""
    source, url = "--redis", getattr(options, "redis", None)
    if url is None:
        source, url = "RRQ_REDIS_URL", os.environ.get("RRQ_REDIS_URL") or None
    if url is not None and (why := flaw(url)):
        raise ValueError(f"{source} {mask(url)}: {why}")
    names = ("concurrency", "drain_timeout_s", "lock_ttl_ms", "max_jobs", "hung_after_s",
             "max_early_crashes", "alive_file")  # fmt: skip
    given = {name: getattr(options, name, None) for name in names}
    if options.run is None:
        given["queues"] = tuple(name.strip() for name in options.queues.split(","))
    given["redis_url"] = url
    return Settings(**{name: value for name, value in given.items() if value is not None})


async def _with_client(options: argparse.Namespace, settings: Settings) -> int:
    task = asyncio.current_task()
    assert task is not None
    # Not by the runner's own handler, which cancels in the middle of whatever the loop is doing.
    with suppress(NotImplementedError):  # Windows
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, task.cancel)
    async with Client(settings) as client:
        return await options.run(client, options) or 0


def _run(words: list[str] | None) -> int:
    try:
        options = _parser().parse_args(words)
        settings = _settings(options)
        if options.run is None:
            return _worker(options, settings)
        return asyncio.run(_with_client(options, settings))
    finally:
        say([])  # flush, also a help text, while an error can still be reported


def main(words: list[str] | None = None) -> int:
    """Run one command. Returns 0, 1 if it could not be done, 2 on wrong usage, 130 on Ctrl-C."""
    try:
        return _run(words)
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    except (RRQError, ValueError, OSError) as error:
        print(f"error: {shown(mask(str(error)))}", file=sys.stderr)
        return 2 if isinstance(error, ValueError) and not isinstance(error, RRQError) else 1


if __name__ == "__main__":
    sys.exit(main())
