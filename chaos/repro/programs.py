"""The programs of a target, as they can be copied into a script."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from pathlib import Path

from chaos.rig.options import BadOption
from chaos.targets import Command, Target

#: The rig's own file in a folder, and the one that every script brings.
_NOT_COPIED = ("target.py", "chaos_job.py")


class NotCopied(BadOption):
    """A target whose programs cannot be copied; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """Two programs, their files, and the packages that these need."""

    #: By path, below the directory in which both are run.
    files: Mapping[str, str]
    worker: tuple[str, ...]
    enqueue: tuple[str, ...]
    variables: Mapping[str, str]
    #: Each with its release.
    packages: tuple[str, ...]


def programs_of(target: Target) -> Programs:
    """The programs of a target. Raises `NotCopied`."""
    if target.enqueuer is None:
        raise NotCopied(
            f"{target.name} is not made of two programs, so no script can have them"
            " (docs/test-your-own-queue.md says how a queue becomes a target of two)"
        )
    commands = (target.worker, target.enqueuer)
    files = {name: text for command in commands for name, text in _files(command)}
    if not files:
        raise NotCopied(
            f"nobody can see where the programs of {target.name} are: give the target their folder"
            " as `cwd`, or start them as `python -m package.module`"
        )
    return Programs(
        files=dict(sorted(files.items())),
        worker=_words(target.worker),
        enqueue=_words(target.enqueuer),
        variables=target.worker.env,
        packages=target.pinned or tuple(_packages(files)),
    )


def _words(command: Command) -> tuple[str, ...]:
    """Its words, without the place where its program is on this machine."""
    program = Path(command.argv[0]).name
    return ("python" if program.startswith("python") else program, *command.argv[1:])


def _files(command: Command) -> Iterator[tuple[str, str]]:
    if command.cwd is not None:
        for path in sorted(command.cwd.iterdir()):
            if path.is_file() and path.name not in _NOT_COPIED:
                yield path.name, path.read_text()
        return
    for before, word in zip(command.argv, command.argv[1:], strict=False):
        if before == "-m":
            yield from _modules(word)


def _modules(name: str) -> Iterator[tuple[str, str]]:
    """A module, and those of its package that it imports, and they."""
    package = name.partition(".")[0]
    found = [name]
    for each in found:  # it grows meanwhile
        spec = find_spec(each)
        if spec is None or spec.origin is None:
            continue
        path = Path(spec.origin)
        text = path.read_text()
        depth = each.count(".") + (path.name == "__init__.py")
        yield str(path.relative_to(path.parents[depth])), text
        imported = [*_parents(each), *_imported(text)]
        ours = (one for one in imported if one.partition(".")[0] == package)
        found += [one for one in dict.fromkeys(ours) if one not in found and _is_module(one)]


def _parents(name: str) -> Iterator[str]:
    while name := name.rpartition(".")[0]:
        yield name


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # what stands before the last dot is none that has modules
        return False


def _imported(text: str) -> Iterator[str]:
    """What a source imports by its whole name: modules, and what is in them."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _packages(files: Mapping[str, str]) -> Iterable[str]:
    """The packages that these files import, each with the release that is installed here."""
    texts = [text for name, text in files.items() if name.endswith(".py")]
    modules = {name.partition(".")[0] for text in texts for name in _imported(text)}
    installed = packages_distributions()
    names = {
        package
        for module in modules - sys.stdlib_module_names
        if not any(name.startswith((f"{module}/", f"{module}.")) for name in files)
        for package in installed.get(module, ())
    }
    return [f"{name}=={version(name)}" for name in sorted(names)]


def shown(packages: Sequence[str]) -> str:
    """Packages as an argument of pip."""
    return " ".join(f"'{one}'" if "[" in one else one for one in packages)
