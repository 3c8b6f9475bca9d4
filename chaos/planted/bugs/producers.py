"""Bugs in clients: ids, batches, second tries, and the terms of a job."""

from __future__ import annotations

from chaos.planted.bugs.bug import Bug
from chaos.planted.edit import Edit

CLIENT, ENQUEUE, JOB = "client.py", "lua/enqueue.lua", "job.py"

BUGS = (
    Bug(
        name="ids_answered_in_another_order",
        sentence="enqueue_many answers with the right ids in another order",
        edits=(Edit(CLIENT, "        return ids\n", "        return sorted(ids)\n"),),
        anomaly="wrong-arguments",
    ),
    Bug(
        name="first_job_of_a_batch_left_out",
        sentence="the first job of each further round trip of enqueue_many is left out",
        edits=(
            Edit(
                "batch.py",
                "            batch, size = [], job.size\n",
                "            batch, size = [], 0\n            continue\n",
            ),
        ),
        anomaly="lost",
    ),
    Bug(
        name="second_try_has_a_new_id",
        sentence="an enqueue that got no answer is sent again with another id",
        edits=(
            Edit(
                CLIENT,
                "                    raise unanswered or error from error\n",
                "                    raise unanswered or error from error\n"
                "                jobs = [\n"
                "                    one._replace(job_id=str(uuid.uuid4()))\n"
                "                    if len(one.job_id) == 36 else one\n"
                "                    for one in jobs\n"
                "                ]\n",
            ),
            Edit(CLIENT, "from collections.abc", "import uuid\nfrom collections.abc"),
        ),
        anomaly="extra-job",
    ),
    Bug(
        name="a_refusal_settles_an_earlier_try",
        sentence="an enqueue is reported as refused although an earlier try got no answer",
        edits=(Edit(CLIENT, "raise unanswered or error from error", "raise"),),
        anomaly="phantom",
    ),
    Bug(
        name="ids_too_short",
        sentence="ids that the client gives are so short that two jobs can have the same",
        edits=(Edit(JOB, "or _new_id()", "or _new_id()[:3]"),),
        anomaly="lost",
    ),
    Bug(
        name="a_done_id_is_enqueued_again",
        sentence="an id is refused only while its job lives",
        edits=(
            Edit(
                ENQUEUE,
                "local known = stored[id] or some_known and redis.call('EXISTS', job) == 1",
                "local known = redis.call('HGET', job, 'status')\n"
                "  known = stored[id] or known and known ~= 'COMPLETED' and known ~= 'FAILED'",
            ),
        ),
        anomaly="double-commit",
    ),
    Bug(
        name="own_terms_ignored",
        sentence="the settings win over a job's own limits",
        edits=(
            Edit(
                JOB,
                "str(getattr(settings, name) if given is None else given)",
                "str(getattr(settings, name, given))",
            ),
        ),
        anomaly="budget-exceeded",
    ),
    Bug(
        name="own_result_ttl_ignored",
        sentence="a job is kept for as long as the settings say, whatever it asks for",
        edits=(
            Edit(
                JOB,
                "str(getattr(settings, name) if given is None else given)",
                "str(getattr(settings, name) if given is None or 'ttl' in name else given)",
            ),
        ),
        anomaly="wrong-ttl",
    ),
    Bug(
        name="kept_for_ever_is_kept_as_usual",
        sentence="a job that is to be kept for ever is kept for as long as the settings say",
        edits=(
            Edit(
                JOB,
                "str(getattr(settings, name) if given is None else given)",
                "str(given or getattr(settings, name))",
            ),
        ),
        anomaly="wrong-ttl",
    ),
    Bug(
        name="own_queue_ignored",
        sentence="every job goes to the first queue",
        edits=(
            Edit(
                JOB,
                "keys.queue_name(self.queue or settings.queues[0])",
                "keys.queue_name(settings.queues[0])",
            ),
        ),
        anomaly="wrong-queue",
    ),
    Bug(
        name="delay_in_whole_seconds",
        sentence="the fraction of a second is cut off a delay",
        edits=(Edit(JOB, "int(delay_s * 1000)", "int(delay_s) * 1000"),),
        anomaly="early-start",
    ),
    Bug(
        name="due_time_in_seconds",
        sentence="defer_until is stored in seconds, and compared with milliseconds",
        edits=(
            Edit(
                JOB, "int(self.defer_until.timestamp() * 1000)", "int(self.defer_until.timestamp())"
            ),
        ),
        anomaly="early-start",
    ),
    Bug(
        name="time_zone_ignored",
        sentence="the zone of defer_until is not looked at, and its time is taken for UTC",
        edits=(
            Edit(
                JOB,
                "self.defer_until.timestamp()",
                "self.defer_until.replace(tzinfo=UTC).timestamp()",
            ),
            Edit(
                JOB,
                "from datetime import datetime, timedelta\n",
                "from datetime import UTC, datetime, timedelta\n",
            ),
        ),
        anomaly="early-start",
    ),
    Bug(
        name="delay_is_shared_by_a_batch",
        sentence="all jobs of one call are due when the first of them is",
        edits=(
            Edit(
                "batch.py",
                "        args += (job_id, *due, unique,",
                "        args += (job_id, *jobs[0].due, unique,",
            ),
        ),
        anomaly="early-start",
    ),
    Bug(
        name="enqueue_not_durable",
        sentence="an enqueue does not wait until it is as durable as the settings ask",
        edits=(
            Edit(
                "store.py",
                "        replies = await self.run(commands, durable=True)",
                "        replies = await self.run(commands)",
            ),
        ),
        anomaly="lost",
    ),
)
