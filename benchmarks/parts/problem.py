"""The error for a measurement that failed."""


class BenchmarkProblem(Exception):
    """A measurement could not be made. The message is one sentence."""
