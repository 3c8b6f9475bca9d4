"""The file of a list: what it may say, and one sentence for each mistake in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.cli import sweep
from chaos.cli.group import command
from chaos.cli.program import enter
from chaos.known import BadKnown, Places, read

PLACES = Places(
    scenarios=["kill_during_claim", "mixed"],
    lives=["succeeds", "poison"],
    faults=["kill", "lost-reply"],
    sides=["before-send", "before-reply"],
)
GOOD = 'anomaly = "lost"\nreason = "a pop without a lock"\n'


def listed(path: Path, text: str) -> Path:
    file = path / "known.toml"
    file.write_text(text)
    return file


def entry(**fields: str) -> str:
    return "[[known]]\n" + "".join(f'{name} = "{value}"\n' for name, value in fields.items())


LOST = {"scenario": "mixed", "anomaly": "lost", "reason": "because"}


def test_an_entry_says_what_where_and_why(tmp_path: Path) -> None:
    url = "https://example.org/12"
    text = entry(**LOST, url=url) + entry(cell="succeeds/*/claim.*/*", anomaly="lost", reason="b")
    first, second = read(listed(tmp_path, text), PLACES).entries
    assert (first.kind, first.place, first.anomaly) == ("scenario", "mixed", "lost")
    assert first.because == f"because ({url})"
    assert (second.kind, second.because) == ("cell", "b")
    assert second.where == f"{tmp_path / 'known.toml'}, line 6, entry 2"


@pytest.mark.parametrize(
    ("pattern", "cell", "fits"),
    [
        ("succeeds/kill/claim.1/before-send", "succeeds/kill/claim.1/before-send", True),
        ("succeeds/kill/claim.1/before-send", "succeeds/kill/claim.2/before-send", False),
        ("succeeds/*/claim.*/before-reply", "succeeds/lost-reply/claim.3/before-reply", True),
        ("succeeds/*/claim.*/before-reply", "poison/kill/claim.1/before-reply", False),
        ("*/kill/*/*", "succeeds/kill/1/before-send", True),
        ("*/kill/*/*", "succeeds/kill/1/before-send+kill/1/before-send", False),
        ("*/kill/*/*+kill/*/*", "succeeds/kill/1/before-send+kill/1/before-send", True),
        ("succeeds", "succeeds/", True),
        ("succeeds", "succeeds/kill/claim.1/before-send", False),
    ],
)
def test_a_pattern_fits_part_by_part(pattern: str, cell: str, fits: bool, tmp_path: Path) -> None:
    text = entry(cell=pattern, anomaly="lost", reason="because")
    (found,) = read(listed(tmp_path, text), PLACES).entries
    assert found.fits("cell", cell) is fits
    assert not found.fits("scenario", cell)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (entry(**LOST | {"anomaly": "losst"}), "no anomaly 'losst'; did you mean 'lost'?"),
        ("\n" + entry(**LOST | {"scenario": "mixd"}), "line 2, entry 1: no scenario 'mixd'; did"),
        (entry(scenario="mixed", anomaly="lost"), "line 1, entry 1 has no reason"),
        (entry(**LOST | {"reason": " "}), "reason must be a text that is not empty"),
        (entry(scenario="mixed", reason="a"), "line 1, entry 1 has no anomaly"),
        (entry(**LOST) + entry(**LOST), "line 5, entry 2 names lost of mixed again; it stands in"),
        (entry(anomaly="lost", reason="a"), "needs a scenario or a cell, and not both"),
        (entry(**LOST, cell="succeeds"), "needs a scenario or a cell, and not both"),
        (entry(**LOST, reasn="b"), "has no field 'reasn'; did you mean 'reason'?"),
        (entry(cell="succeds/*/*/*", anomaly="lost", reason="a"), "no life 'succeds'; did you"),
        (entry(cell="*/kil/*/*", anomaly="lost", reason="a"), "no fault of the sweep 'kil'; did"),
        (entry(cell="*/*/*/send", anomaly="lost", reason="a"), "no side of a command 'send'"),
        (entry(cell="*/kill", anomaly="lost", reason="a"), "it is LIFE/FAULT/BOUNDARY/SIDE"),
        ("[[known]\n", "is no TOML: "),
        ("[[knwon]]\n", "'knwon' means nothing here"),
        ("known = 3\n", "entries are tables [[known]]"),
        ("[[known]]\nreason = 3\n", "reason must be a text"),
    ],
)  # fmt: skip
def test_each_mistake_is_one_sentence_with_its_place(
    text: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(BadKnown) as raised:
        read(listed(tmp_path, text), PLACES)
    said = str(raised.value)
    assert sentence in said
    assert said.startswith(str(tmp_path / "known.toml"))
    assert "\n" not in said


@pytest.mark.parametrize(
    "text",
    [
        'known = [{ scenario = "mixed", anomaly = "lost" }]\n',
        '[[known]]\nscenario = "mixed"\nanomaly = "lost"\nurl = """\n[[known]]\n"""\n',
    ],
)
def test_entries_whose_lines_cannot_be_told_are_numbered(text: str, tmp_path: Path) -> None:
    with pytest.raises(BadKnown, match=r"known\.toml, entry 1 has no reason"):
        read(listed(tmp_path, text), PLACES)


@pytest.mark.parametrize("words", [["kill_during_claim"], [], ["failover"], ["check", "nowhere"]])
def test_a_bad_list_stops_everything_before_it_starts(
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    listed(tmp_path, entry(**LOST | {"scenario": "kill_during_clam"}))
    for program, given in ((command, words), (sweep.command, [])):
        with pytest.raises(SystemExit) as left:
            enter(program, "program", [*given, "--known", "known.toml"])
        assert left.value.code == 2
        (sentence,) = capsys.readouterr().err.splitlines()
        assert sentence == (
            "error: --known: known.toml, line 1, entry 1: no scenario 'kill_during_clam';"
            " did you mean 'kill_during_claim'?"
        )
    assert [path.name for path in tmp_path.iterdir()] == ["known.toml"]


def test_a_list_that_is_not_there_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        enter(command, "program", ["mixed", "--known", str(tmp_path / "none")])
    assert left.value.code == 2
    assert "cannot be read: No such file" in capsys.readouterr().err
