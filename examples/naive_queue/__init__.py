"""A job queue on a Redis list, as many projects have one."""
