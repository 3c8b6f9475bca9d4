"""The figures as a picture. It needs matplotlib, which nothing else here does."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from benchmarks.growing.axes import AXES, Axis
from benchmarks.growing.results import Results
from benchmarks.parts.figures import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The rows of panels: title, and each figure with its label.
_ROWS = (
    ("CPU, µs per job", {"worker_us": "worker", "redis_us": "Redis"}),
    (
        "jobs per second",
        {
            "jobs_per_s": "drain",
            "bulk_per_s": "enqueue in bulk",
            "single_per_s": "enqueue one by one",
        },
    ),
    ("pick-up, ms", {"pickup_p50_ms": "p50", "pickup_p95_ms": "p95"}),
)
#: Each scale spans a decade at least, so that what hardly changes looks so.
_LEAST_SPAN = 10
_COLOURS = ("#0072b2", "#d55e00", "#009e73")
#: Texts stay texts, the same figures make the same file, and it is small.
_STYLE: Any = {  # the types know only the keys of one release
    "svg.fonttype": "none",
    "svg.hashsalt": "rrq-chaos",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "#dddddd",
    "xtick.bottom": False,
    "ytick.left": False,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "lines.marker": "o",
    "lines.markersize": 3,
}


def missing() -> bool:
    """True where matplotlib is not installed."""
    return find_spec("matplotlib") is None


def svg(results: Results) -> bytes:
    """A column for each axis, on a white ground. All scales are logarithmic: a cost in proportion
    would be a diagonal, and one that doubles rises as far everywhere."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    file = io.BytesIO()
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(11, 6.5), layout="constrained", facecolor="white")
        axes = [axis for axis in AXES if results.points(axis)]
        grid = figure.subplots(len(_ROWS), len(axes), sharex="col", sharey="row", squeeze=False)
        for axis, column in zip(axes, grid.T, strict=True):
            _draw_column(column, results, axis)
        for (title, _), row in zip(_ROWS, grid, strict=True):
            for panel in _with_data(row)[:1]:
                panel.set_ylabel(title)
                low, high = panel.get_ylim()
                panel.set_ylim(low, max(high, low * _LEAST_SPAN))
                panel.legend()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return b"\n".join(line.strip() for line in file.getvalue().splitlines()) + b"\n"


def _draw_column(column: Sequence[Axes], results: Results, axis: Axis) -> None:
    """All panels of an axis, but for those of which nothing was measured."""
    from matplotlib.ticker import EngFormatter, FixedLocator, LogLocator, NullLocator

    for (_, labels), panel in zip(_ROWS, column, strict=True):
        for (name, label), colour in zip(labels.items(), _COLOURS, strict=False):
            _draw(panel, results.curve(axis, name), label, colour)
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.xaxis.set_major_locator(FixedLocator(axis.points))
        panel.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
        for scale in (panel.xaxis, panel.yaxis):
            scale.set_minor_locator(NullLocator())
            scale.set_major_formatter(EngFormatter(sep=""))
        panel.patch.set_visible(False)  # the figure's ground is enough
        panel.set_visible(panel.has_data())
    for panel in _with_data(column)[-1:]:
        panel.set_xlabel(axis.title)
        panel.tick_params(labelbottom=True)


def _with_data(panels: Sequence[Axes]) -> Sequence[Axes]:
    return [panel for panel in panels if panel.has_data()]


def _draw(panel: Axes, curve: Mapping[int, Figure], label: str, colour: str) -> None:
    """Medians, with the range of the rounds."""
    if curve:
        points, figures = [*curve], curve.values()
        panel.plot(points, [figure.median for figure in figures], label=label, color=colour)
        low, high = ([getattr(each, end) for each in figures] for end in ("low", "high"))
        panel.fill_between(points, low, high, color=colour, alpha=0.2, linewidth=0)
