"""The checks' view of each kind of fault, by hand here and by the registry there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import duckdb
import pytest

from chaos.checks import Outcome, judge
from chaos.checks.fault_kinds import COLUMNS, make_table
from chaos.checks.judge import make_views, sql_of
from chaos.faults import FAULTS
from chaos.guarantees import ANOMALIES
from chaos.history.reader import read_history
from tests.chaos.checks.goldens import Golden, all_goldens
from tests.chaos.checks.stage import Stage
from tests.chaos.checks.story import Story, ns

# It asks queries, which are the same on every Python.
pytestmark = pytest.mark.slow

Views = Callable[[Story, Path], duckdb.DuckDBPyConnection]

#: kind -> what the checks must make of it.
EXPECTED: dict[str, set[str]] = {
    "kill": {"forgets", "ends"},
    "pause": {"lasts", "halts", "hangs"},
    "reset": set(),
    "lost-reply": set(),
    "error": set(),
    "delay": {"lasts"},
    "chop": {"lasts"},
    "partition": {"lasts"},
    "block": {"lasts", "hangs"},
    "term": {"forgets", "leaves"},
    "int": {"forgets", "leaves"},
    "clock": {"unfelt"},
    "damage": {"unfelt", "ruins"},
    "hup": {"forgets", "leaves"},
    "quit": {"forgets", "leaves", "hurries"},
    "server-stop": {"of_server", "lasts", "takes_down"},
    "server-kill": {"of_server", "lasts", "forgets", "takes_down"},
    "server-kill-durable": {"of_server", "lasts", "takes_down"},
    "server-failover": {"of_server", "lasts", "forgets", "takes_down"},
    "server-pause": {"of_server", "lasts"},
    "server-delay": {"of_server", "lasts"},
    "server-clock": {"of_server", "lasts", "steps_clock"},
    "server-fill": {"of_server", "lasts"},
    "server-evict": {"of_server", "lasts", "forgets"},
    "server-readonly": {"of_server", "lasts"},
    "server-crowd": {"of_server", "lasts"},
    "server-scripts": {"of_server", "lasts"},
    "server-alone": {"of_server", "lasts"},
    "server-clients": {"of_server", "lasts"},
}
FORMER = {"stop": "pause", "hold": "partition", "lose-reply": "lost-reply"}
UNKNOWN = {"from-mars": {"lasts", "forgets"}, "server-from-mars": {"of_server", "lasts", "forgets"}}
KINDS = EXPECTED | {old: EXPECTED[new] for old, new in FORMER.items()} | UNKNOWN
LANDED_MS = 5_000


@pytest.fixture
def views() -> Iterator[Views]:
    """Makes the tables of `views.sql` for a story."""
    with ExitStack() as kept:

        def made(story: Story, directory: Path) -> duckdb.DuckDBPyConnection:
            history = kept.enter_context(read_history(story.write(directory)))
            make_views(history)
            return history.db

        yield made


def one(db: duckdb.DuckDBPyConnection, sql: str) -> object:
    row = db.execute(sql).fetchone()
    assert row is not None
    return row[0]


def test_the_table_has_a_row_for_each_name() -> None:
    db = duckdb.connect()
    make_table(db)
    found = db.execute(f"SELECT kind, name, {', '.join(COLUMNS)} FROM fault_kinds").fetchall()
    names = {kind: name for kind, name, *_ in found}
    assert names == FORMER | {name: name for name in EXPECTED}
    for kind, _, *values in found:
        assert {name for name, value in zip(COLUMNS, values, strict=True) if value} == KINDS[kind]
    assert len(found) == len(names)
    assert set(EXPECTED) == {kind.name for kind in FAULTS}


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_of_a_process_is_judged_by_its_kind(
    kind: str, tmp_path: Path, views: Views
) -> None:
    does = KINDS[kind]
    story = Story()
    story.fault(kind, "w1", at=LANDED_MS)
    db = views(story, tmp_path)
    if "unfelt" in does:
        assert one(db, "SELECT count(*) FROM stalls") == 0
        return
    assert one(db, "SELECT kind FROM landed") == FORMER.get(kind, kind)
    until = one(db, "SELECT until_t FROM stalls")
    assert (until == ns(LANDED_MS)) == ("lasts" not in does)
    life = "(SELECT life FROM lives WHERE name = 'worker-1')"
    assert one(db, f"SELECT kill_t IS NOT NULL FROM lives WHERE life = {life}") == ("ends" in does)
    assert one(db, f"SELECT {life} IN (SELECT life FROM drains)") == ("leaves" in does)
    # A fault of the server touches everybody.
    calm = one(db, "SELECT count(*) FROM calm_lives")
    assert calm == (0 if "of_server" in does else 2 if "ends" in does else 1)
    assert (one(db, "SELECT count(*) FROM amnesias") == 1) == ({"of_server", "forgets"} <= does)
    assert (one(db, "SELECT count(*) FROM leaps") == 1) == ("steps_clock" in does)


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_still_hears_of_its_end_when_it_goes_on(
    kind: str, tmp_path: Path, views: Views
) -> None:
    story = Story()
    story.fault(kind, "w1", at=LANDED_MS, until=8_000)
    story.fault("term", "w1", at=6_000)
    db = views(story, tmp_path)
    if "leaves" not in KINDS[kind]:  # or it had heard of it before
        heard = ns(8_000 if "halts" in KINDS[kind] else 6_000)
        assert one(db, "SELECT max(t) FROM drains") == heard


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_server_forgets_is_known_by_its_fault(
    kind: str, tmp_path: Path, views: Views
) -> None:
    """Also where it is down meanwhile, which is forgiven with its reason."""
    does = KINDS[kind]
    story = Story()
    story.fault(kind, "server", at=LANDED_MS, until=7_000)
    db = views(story, tmp_path / "alone")
    assert one(db, "SELECT server_forgot()") == ("forgets" in does)
    story.event("server", at=5_500, event="down")
    story.event("server", at=6_500, event="up")
    db = views(story, tmp_path / "down")
    excused = "takes_down" in does and "forgets" not in does
    assert one(db, "SELECT server_forgot()") != excused


@pytest.mark.parametrize(("former", "name"), FORMER.items())
def test_a_history_with_a_former_name_is_judged_as_with_the_present_one(
    former: str, name: str, tmp_path: Path
) -> None:
    verdicts = []
    for kind in (former, name):
        story = Story()
        story.enqueue("j1")
        story.fault(kind, "w2", at=9_000, until=20_000 if EXPECTED[name] else None)
        story.event("health", at=15_000, worker="w2", seen=False)
        story.attempt("j1", at=100, until=200)
        story.finally_("j1", "completed")
        verdicts.append(judge(story.write(tmp_path / kind)))
    old, new = verdicts
    assert old.outcome is new.outcome is (Outcome.PASS if EXPECTED[name] else Outcome.FAIL)
    assert [(c.anomaly, c.examined, c.broken) for c in old.checks] == [
        (c.anomaly, c.examined, c.broken) for c in new.checks
    ]
    assert old.counts == new.counts


MARGINS = (
    "starting_slack",
    "prompt_slack",
    "leaving_slack",
    "health_slack",
    "restart_slack",
    "restart_span",
    "leak_samples",
    "leak_span",
    "idle_commands",
    "failing_commands",
)


def uses(margin: str) -> list[str]:
    """The checks in which a margin stands."""
    return [each for each in ANOMALIES if re.search(rf"\b{margin}\(\)", sql_of(each))]


@pytest.mark.parametrize("change", ["0", "{0}::BIGINT * 10"])
@pytest.mark.parametrize("margin", MARGINS)
def test_another_margin_turns_a_golden_history_red(
    margin: str, change: str, tmp_path: Path, views: Views
) -> None:
    for anomaly in uses(margin):
        found = [each for each in all_goldens() if each.anomaly == anomaly]
        assert any(turns_red(views, each, margin, change, tmp_path) for each in found), anomaly


def turns_red(views: Views, golden: Golden, margin: str, change: str, directory: Path) -> bool:
    story = Story()
    expected = golden.tell(story) or {}
    db = views(story, directory / golden.id)
    (now,) = db.execute(f"SELECT {margin}()").fetchall()
    db.execute(f"CREATE OR REPLACE MACRO {margin}() AS ({change.format(now[0])})::BIGINT")
    staged = Stage(golden=golden, db=db, expected=expected, judged=golden.judged(story, expected))
    return staged.turns_red(golden.anomaly, sql_of(golden.anomaly))


def test_no_check_has_a_time_of_its_own_or_names_a_fault() -> None:
    for anomaly in ANOMALIES:
        words = "\n".join(
            line for line in sql_of(anomaly).splitlines() if not line.startswith("--")
        )
        assert not re.search(r"\d{5,}", words), anomaly
        assert not re.search(rf"'({'|'.join(KINDS)})'", words), anomaly
