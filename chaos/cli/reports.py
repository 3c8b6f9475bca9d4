"""`--report PATH`, its aliases and `--summary`: the files that a command writes, known before it
plays."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from chaos.cli.options import PATH
from chaos.report import KINDS, SUMMARY, Kind, UnknownKind, Wanted, by_ending
from chaos.rig.options import BadOption


def _forced(context: click.Context) -> list[Wanted]:
    """The files that this command's aliases ask for. (Contexts share `meta` with their parents.)"""
    found: list[Wanted] = context.meta.setdefault(f"reports of {context.command_path}", [])
    return found


def report_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options. The command is called with `reports`, a tuple of what is `Wanted`."""

    @functools.wraps(command)
    def with_reports(*args: Any, reports: tuple[Wanted, ...], **kwargs: Any) -> Any:
        forced = _forced(click.get_current_context())
        return command(*args, reports=(*reports, *forced), **kwargs)

    decorated: Callable[..., Any] = with_reports
    for kind in sorted(KINDS.values(), key=lambda kind: kind.name, reverse=True):
        decorated = _alias(kind)(decorated)
    return _report(_summary(decorated))


def _by_ending(
    context: click.Context, option: click.Parameter, paths: tuple[Path, ...]
) -> tuple[Wanted, ...]:
    del context, option
    try:
        return tuple(map(by_ending, paths))
    except UnknownKind as error:
        raise BadOption(f"{error}, or use --{', --'.join(sorted(KINDS))}") from error


_report = click.option(
    "--report",
    "reports",
    type=PATH,
    multiple=True,
    callback=_by_ending,
    help="Also write a report to this file: "
    + ", ".join(f"{kind.meaning} ({kind.ending})" for kind in KINDS.values())
    + ". Repeatable.",
)


def _appended(context: click.Context, option: click.Parameter, path: Path | None) -> None:
    del option
    if path is not None:
        _forced(context).append(Wanted(SUMMARY, path, appended=True))


_summary = click.option(
    "--summary",
    type=PATH,
    expose_value=False,
    callback=_appended,
    help=f"Also append {SUMMARY.meaning}, to this file (on GitHub, $GITHUB_STEP_SUMMARY).",
)


def _alias(kind: Kind) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--json` and the like: the kind is forced, whatever the file is called."""

    def want(context: click.Context, option: click.Parameter, path: Path | None) -> None:
        del option
        if path is not None:
            _forced(context).append(Wanted(kind, path))

    return click.option(
        f"--{kind.name}",
        type=PATH,
        expose_value=False,
        callback=want,
        help=f"Also write {kind.meaning} to this file, whatever it is called.",
    )
