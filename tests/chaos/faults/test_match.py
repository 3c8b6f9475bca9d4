"""Which commands a fault waits for."""

from chaos.faults import command, naming


def test_a_match_may_ask_for_a_word_in_an_argument() -> None:
    match = naming(command("EVALSHA"), "job-2")
    assert match.label == "evalsha"
    assert match([b"evalsha", b"5f", b"1", b"rrq:job:job-2"])
    assert not match([b"EVALSHA", b"5f", b"1", b"rrq:job:job-1"])
    assert not match([b"GET", b"rrq:job:job-2"])
