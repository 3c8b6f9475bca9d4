"""Why nothing could be measured."""


class BenchmarkProblem(Exception):
    """A measurement could not be made. The message is one sentence."""
