"""Plays scenarios: processes, the run that they make up, and its command line."""
