"""The history of a run: what every process saw, one JSON object a line, one file per process."""
