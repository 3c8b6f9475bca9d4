"""What a sweep has found is put into words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chaos.compare.crash_points import read
from chaos.sweep.session import RETRIED


def cell(
    boundary: str, *anomalies: str, side: str = "before-reply", mark: str = "ok", life: str = "ends"
) -> dict[str, Any]:
    return {
        "life": life,
        "boundary": boundary,
        "column": f"kill/{side}",
        "mark": mark,
        "anomalies": dict.fromkeys(anomalies, ""),
        "unpromised": {},
        "fates": [],
    }


def answered(into: Path, *cells: dict[str, Any], left_out: int = 0) -> tuple[str, str]:
    told: dict[str, Any] = {"cells": cells, "unknown_because": ["no cell was visited"]}
    told["left_out"] = {"cells": left_out}
    into.joinpath("sweep.json").write_text(json.dumps(told))
    answer = read(into)
    return answer.words, answer.tone


def test_kept_at_all(tmp_path: Path) -> None:
    assert answered(tmp_path, cell("claim.1"), cell("finish.1")) == ("kept at all 2", "good")


def test_lost_at_some(tmp_path: Path) -> None:
    cells = [cell("claim.1", "lost", mark="broken"), cell("SET.1", "stuck"), cell("finish.1")]
    words = "lost at 2 of 3: ends, kill before the reply to claim.1, kill before the reply to SET.1"
    assert answered(tmp_path, *cells) == (words, "bad")


def test_what_is_not_promised_is_told_no_less(tmp_path: Path) -> None:
    one = cell("claim.1", side="before-send") | {"unpromised": {"double-commit": "…"}}
    assert answered(tmp_path, one) == ("done twice at 1 of 1: ends, kill before claim.1", "bad")


def test_many_are_named_by_the_first_and_the_last(tmp_path: Path) -> None:
    cells = [cell(f"SET.{n}", "lost") for n in range(1, 7)]
    words, _ = answered(tmp_path, *cells)
    assert words.endswith("kill before the reply to SET.1 … kill before the reply to SET.6")


def test_late_is_not_bad(tmp_path: Path) -> None:
    words, tone = answered(tmp_path, cell("claim.1", "late-redelivery"), cell("finish.1"))
    assert (words, tone) == ("late at 1 of 2: ends, kill before the reply to claim.1", "told")


def test_unknown_cells_do_not_count(tmp_path: Path) -> None:
    words, tone = answered(tmp_path, cell("claim.1"), cell("SET.1", mark="unknown"))
    assert (words, tone) == ("kept at all 1; 1 more are not known", "told")


def test_what_a_sweep_tells_of_a_job_goes_before(tmp_path: Path) -> None:
    cells = [
        cell("claim.1", "lost") | {"fates": ["stranded"]},
        cell("finish.1") | {"fates": ["never recorded"]},
        cell("SET.1") | {"fates": ["done"]},
    ]
    words = "stranded at 1 of 3: ends, kill before the reply to claim.1; "
    words += "never recorded at 1 of 3: ends, kill before the reply to finish.1"
    assert answered(tmp_path, *cells) == (words, "bad")
    given_up = cell("claim.1") | {"fates": ["given up"]}
    assert answered(tmp_path, given_up)[1] == "told"


def test_what_a_budget_left_out_is_told(tmp_path: Path) -> None:
    words, tone = answered(tmp_path, cell("claim.1"), left_out=7)
    assert (words, tone) == ("kept at all 1; 7 more were left out", "told")


def test_a_retry_is_told_apart(tmp_path: Path) -> None:
    retry = cell("claim.2", life=RETRIED)
    assert answered(tmp_path, cell("claim.1"), retry) == (
        "kept at all 1; of a retry, kept at all 1",
        "good",
    )
    lost = cell("retry.1", "lost", life=RETRIED)
    words = "kept at all 1; of a retry, lost at 1 of 2: "
    words += "fails-then-succeeds, kill before the reply to retry.1"
    assert answered(tmp_path, cell("claim.1"), retry, lost) == (words, "bad")
    only = cell("claim.1", "late-redelivery", life=RETRIED)
    assert answered(tmp_path, only)[0].startswith("of a retry, late at 1 of 1")


@pytest.mark.parametrize("cells", [(), (cell("claim.1", mark="unknown"),)])
def test_nothing_known_is_unknown(tmp_path: Path, cells: tuple[dict[str, Any], ...]) -> None:
    assert answered(tmp_path, *cells) == ("no cell was visited", "unknown")
