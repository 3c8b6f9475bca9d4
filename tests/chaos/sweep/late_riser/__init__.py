"""A queue whose workers look for the jobs of the dead only when a new job has come, and do nothing
until a producer has opened it."""
