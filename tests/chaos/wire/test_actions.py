"""Every action on every side lands exactly where it was planned: at the victim's fifth INCR."""

from signal import SIGINT

import psutil
import pytest

from chaos.faults import FAULTS, Direction, Side
from chaos.wire.connection import _pieces
from tests.chaos.wire.conftest import TIMEOUT_S, Bench, Victim, eventually

SIDES: tuple[Side, ...] = ("before-send", "before-reply", "after-reply")
RAN = {"before-send": 4, "before-reply": 5, "after-reply": 5}
"""The number of INCRs that had run when the fault landed."""
SEEN = {"before-send": 4, "before-reply": 4, "after-reply": 5}
"""The number of replies that had been delivered."""


def saw_up_to(victim: Victim, last: int) -> bool:
    return victim.saw == list(range(1, last + 1))


def is_stopped(victim: Victim) -> bool:
    return bool(psutil.Process(victim.process.pid).status() == psutil.STATUS_STOPPED)


@pytest.mark.parametrize("side", SIDES)
def test_a_kill_is_exact(bench: Bench, side: Side) -> None:
    injection = bench.fault("kill", side)
    victim = bench.start(count=1000)

    assert injection.wait(TIMEOUT_S)

    assert not victim.process.alive
    assert bench.proxy.quiet("victim", TIMEOUT_S)
    assert bench.counted == RAN[side]
    # A victim that was sent the reply may have died before it could say so.
    assert saw_up_to(victim, 4) or (side == "after-reply" and saw_up_to(victim, 5))
    answered = [x.reply for x in bench.exchanges if x.argv[0] == b"INCRBY"]
    assert answered == list(range(1, RAN[side] + 1))


@pytest.mark.parametrize("side", SIDES)
def test_a_stop_is_exact_and_lasts_until_someone_resumes(bench: Bench, side: Side) -> None:
    injection = bench.fault("pause", side)
    victim = bench.start()

    assert injection.wait(TIMEOUT_S)

    assert is_stopped(victim)
    # What it sent before it stood still goes on to the server. With the fifth reply in its hands it
    # may have been fast enough to send the sixth.
    assert bench.proxy.quiet("victim", TIMEOUT_S)
    assert bench.counted == 5 or (side == "after-reply" and bench.counted == 6)
    assert len(victim.saw) <= SEEN[side]
    assert not bench.events.of("healed")
    victim.process.resume()
    eventually(lambda: len(bench.events.of("healed")) == 1)
    victim.finish()
    assert saw_up_to(victim, 10)


@pytest.mark.parametrize("side", ["before-send", "before-reply"])
def test_a_stop_can_hold_what_it_came_before(bench: Bench, side: Side) -> None:
    injection = bench.fault("pause", side, then="hold")
    victim = bench.start()

    assert injection.wait(TIMEOUT_S)

    if side == "before-send":
        assert not bench.proxy.quiet("victim", 0.1), "the command is still to come"
    assert bench.counted == RAN[side]
    victim.process.resume()
    victim.finish()
    assert saw_up_to(victim, 10)


def test_a_stop_ends_by_itself_when_its_time_is_over(bench: Bench) -> None:
    injection = bench.fault("pause", "before-reply", for_ms=100)
    victim = bench.start()

    victim.finish()

    assert injection.landed
    landed, healed = bench.events.of("landed")[0], bench.events.of("healed")[0]
    assert healed["t"] - landed["t"] >= 99_000_000


@pytest.mark.parametrize("kind", ["term", "int", "hup", "quit"])
def test_a_signal_comes_while_the_reply_is_held_back(bench: Bench, kind: str) -> None:
    injection = bench.fault(kind, "before-reply", for_ms=60_000)
    victim = bench.start(count=1000)

    assert injection.wait(TIMEOUT_S)

    status = victim.process.wait(TIMEOUT_S)
    assert status is not None
    assert FAULTS[kind].signal in (status.signal, SIGINT)  # Python makes an exception of SIGINT
    assert bench.counted == 5
    assert saw_up_to(victim, 4)


@pytest.mark.parametrize("side", SIDES)
def test_a_reset_drops_what_it_came_before(bench: Bench, side: Side) -> None:
    bench.fault("reset", side)
    victim = bench.start()

    victim.process.wait(TIMEOUT_S)

    assert saw_up_to(victim, SEEN[side])
    assert "reset" in " ".join(victim.said("error")[0])
    assert bench.proxy.quiet("victim", TIMEOUT_S)
    assert bench.counted == RAN[side]


def test_a_lost_reply_is_of_a_command_that_ran(bench: Bench) -> None:
    bench.fault("lost-reply", "before-reply")
    victim = bench.start()

    victim.process.wait(TIMEOUT_S)

    assert saw_up_to(victim, 4)
    assert "closed by server" in " ".join(victim.said("error")[0])
    assert bench.counted == 5
    assert [x.reply for x in bench.exchanges if x.argv[0] == b"INCRBY"] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("side", SIDES)
def test_a_delay_keeps_the_connection_waiting(bench: Bench, side: Side) -> None:
    bench.fault("delay", side, for_ms=100)
    victim = bench.start()

    victim.finish()

    landed, healed = bench.events.of("landed")[0]["t"], bench.events.of("healed")[0]["t"]
    assert healed - landed >= 99_000_000
    sent = [x.t_sent for x in bench.exchanges if x.argv[0] == b"INCRBY"]
    seen = [int(line[1]) for line in victim.said("saw")]
    assert sent[RAN[side] - 1] < landed
    first_after = seen[4] if side == "before-reply" else sent[RAN[side]]
    assert first_after >= landed + 99_000_000


HOLDS: list[tuple[Side, Direction, int, int]] = [
    # side, direction, and at the fifth command: how many have run, how many replies came through
    ("before-send", "up", 4, 4),
    ("before-send", "down", 5, 4),
    ("before-send", "both", 4, 4),
    ("before-reply", "up", 5, 5),
    ("before-reply", "down", 5, 4),
    ("before-reply", "both", 5, 4),
    ("after-reply", "up", 5, 5),
    ("after-reply", "down", 6, 5),
    ("after-reply", "both", 5, 5),
]


@pytest.mark.parametrize(("side", "direction", "ran", "seen"), HOLDS)
def test_a_partition_holds_and_heals_on_the_same_connection(
    bench: Bench, side: Side, direction: Direction, ran: int, seen: int
) -> None:
    injection = bench.fault("partition", side, direction=direction)
    victim = bench.start()

    assert injection.wait(TIMEOUT_S)
    eventually(lambda: bench.counted == ran and len(victim.saw) == seen)
    if seen < ran:  # it waits for its reply, and none of its commands is under way
        assert bench.proxy.quiet("victim", TIMEOUT_S)
    else:
        eventually(lambda: not bench.proxy.quiet("victim", 0))
    assert (bench.counted, len(victim.saw)) == (ran, seen)

    assert bench.proxy.heal("victim") == 1
    victim.finish()
    assert saw_up_to(victim, 10)
    assert len(bench.events.of("healed")) == 1


def test_a_partition_heals_by_itself_when_its_time_is_over(bench: Bench) -> None:
    bench.fault("partition", "before-reply", for_ms=50)
    victim = bench.start()

    victim.finish()

    assert bench.events.of("healed")[0]["fault"] == "f"
    assert bench.proxy.heal("victim") == 0


@pytest.mark.parametrize("action", ["pause", "partition"])
def test_a_fault_that_lasts_can_be_ended_by_whoever_planned_it(bench: Bench, action: str) -> None:
    injection = bench.fault(action, "before-reply")
    injection.heal()  # it has not landed, and there is nothing to end
    victim = bench.start()

    assert injection.wait(TIMEOUT_S)
    assert not bench.events.of("healed")
    injection.heal()

    victim.finish()
    assert len(bench.events.of("healed")) == 1
    injection.heal()
    assert len(bench.events.of("healed")) == 1


def test_a_fault_that_does_not_last_needs_no_end(bench: Bench) -> None:
    injection = bench.fault("reset", "before-reply")
    victim = bench.start()
    assert injection.wait(TIMEOUT_S)
    injection.heal()
    victim.process.wait(TIMEOUT_S)
    assert not bench.events.of("healed")


@pytest.mark.parametrize(("side", "total"), [("before-send", 9), ("before-reply", 10)])
def test_an_injected_error_takes_the_place_of_the_reply(
    bench: Bench, side: Side, total: int
) -> None:
    bench.fault("error", side, error="READONLY You can't write against a read only replica.")
    victim = bench.start()

    victim.finish()

    assert victim.said("error")[0][0] == "ReadOnlyError"
    assert len(victim.saw) == 9
    assert victim.saw[-1] == bench.counted == total


@pytest.mark.parametrize(
    ("pieces", "sizes"), [(None, [4_000]), (3, [1_334, 1_334, 1_332]), (0, [1] * 500 + [3_500])]
)
def test_a_frame_is_cut_into_as_many_pieces_as_asked_for(
    pieces: int | None, sizes: list[int]
) -> None:
    """Single bytes are no more than take half a second; small frames are nothing else."""
    raw = bytes(range(250)) * 16
    cut = [*_pieces(raw, pieces)]
    assert b"".join(cut) == raw
    assert [len(piece) for piece in cut] == sizes
    assert [*_pieces(b"PING", 0)] == [b"P", b"I", b"N", b"G"]


@pytest.mark.parametrize("side", ["before-send", "before-reply"])
def test_what_is_chopped_arrives_whole_and_then_it_is_over(bench: Bench, side: Side) -> None:
    bench.fault("chop", side)
    victim = bench.start()

    victim.finish()

    assert saw_up_to(victim, 10)
    begun, landed, healed = (bench.events.of(word) for word in ("begun", "landed", "healed"))
    assert begun
    assert landed
    assert healed
