"""Bugs in what a job carries: its arguments, its result, its effects."""

from __future__ import annotations

from chaos.planted.bugs.bug import Bug
from chaos.planted.edit import Edit

ATTEMPT, FINISH, JOB, STORE = "attempt.py", "lua/finish.lua", "job.py", "store.py"

BUGS = (
    Bug(
        name="none_arguments_left_out",
        sentence="keyword arguments that are None are left out",
        edits=(
            Edit(
                JOB,
                'encode(dict(self.kwargs), "kwargs") if self.kwargs',
                'encode({k: v for k, v in self.kwargs.items() if v is not None}, "kwargs")'
                " if self.kwargs",
            ),
        ),
        anomaly="wrong-arguments",
    ),
    Bug(
        name="a_list_is_taken_for_all_arguments",
        sentence="the only argument of a job, where it is a list, is unpacked",
        edits=(
            Edit(
                JOB,
                "        args = list(self.args)\n",
                "        args = list(self.args)\n"
                "        if len(args) == 1 and isinstance(args[0], list):\n"
                "            (args,) = args\n",
            ),
        ),
        anomaly="wrong-arguments",
    ),
    Bug(
        name="keyword_arguments_leak_into_the_next_job",
        sentence="keyword arguments are collected in one dictionary for all jobs of a worker",
        edits=(
            Edit(
                ATTEMPT,
                '    kwargs = {} if encoded in (None, b"{}") else json.loads(encoded or b"")\n',
                '    kwargs = _defaults\n    kwargs.update(json.loads(encoded or b"{}"))\n',
            ),
            Edit(ATTEMPT, "def _arguments(", "_defaults: dict[str, Any] = {}\n\n\ndef _arguments("),
        ),
        anomaly="wrong-arguments",
    ),
    Bug(
        name="escapes_are_undone_before_json_is_read",
        sentence="a worker undoes the escapes in arguments, and then reads them as JSON",
        edits=(
            Edit(
                ATTEMPT,
                'json.loads(claimed.args or b"")',
                'json.loads((claimed.args or b"").decode("unicode_escape"))',
            ),
        ),
        anomaly="false-dead-letter",
    ),
    Bug(
        name="falsy_result_is_none",
        sentence="a result that is 0, empty or false is stored as None",
        edits=(Edit(ATTEMPT, 'encode(result, "result")', 'encode(result or None, "result")'),),
        anomaly="wrong-result",
    ),
    Bug(
        name="long_result_is_cut",
        sentence="a result of more than 64 KiB is cut",
        edits=(
            Edit(
                STORE,
                "args += (queue + 1, job_id, token, result, effects)",
                "args += (queue + 1, job_id, token, result[:65_536], effects)",
            ),
        ),
        anomaly="wrong-result",
    ),
    Bug(
        name="results_of_a_batch_mixed_up",
        sentence="results that are written in one call are given to its jobs in another order",
        edits=(
            Edit(
                STORE,
                "        for (queue, job_id, token), result, effects in finishes:\n",
                "        results = sorted(done.result for done in finishes)\n"
                "        for ((queue, job_id, token), _, effects), result in "
                "zip(finishes, results, strict=True):\n",
            ),
        ),
        anomaly="wrong-result",
    ),
    Bug(
        name="last_effect_left_out",
        sentence="the last of several effects is not applied",
        edits=(
            Edit(
                FINISH,
                "  for i, command in ipairs(commands) do\n    local answer",
                "  for i = 1, math.max(1, #commands - 1) do\n"
                "    local command = commands[i]\n    local answer",
            ),
        ),
        anomaly="effect-missing",
    ),
    Bug(
        name="effects_shared_by_all_attempts",
        sentence="all attempts of a worker collect their effects in one list",
        edits=(
            Edit(
                ATTEMPT,
                "    _effects: list[list[str]] = field(default_factory=list)\n",
                "    _effects: list[list[str]] = field(default_factory=lambda: _EFFECTS)\n",
            ),
            Edit(ATTEMPT, "def _word(", "_EFFECTS: list[list[str]] = []\n\n\ndef _word("),
        ),
        anomaly="effect-repeated",
    ),
    Bug(
        name="a_large_job_blocks_its_queue",
        sentence="a job that is larger than the answer to a claim may be is never taken",
        edits=(
            Edit(
                "lua/lock_and_pop.lua",
                "if room <= 0 or (#jobs > 0 and size > room) then",
                "if size > room then",
            ),
        ),
        anomaly="stuck",
    ),
    Bug(
        name="last_byte_of_a_piece_not_sent",
        sentence="a command that is sent in pieces loses a byte of each",
        edits=(
            Edit(
                "silence.py", "part[start : start + _PIECE]]", "part[start : start + _PIECE - 1]]"
            ),
        ),
        anomaly="stuck",
    ),
)
