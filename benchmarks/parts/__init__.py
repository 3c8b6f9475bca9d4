"""The common parts of the benchmarks."""
