import chaos_job


def handler(job):
    return chaos_job.run(job)
