"""The reference queue as the benchmarks use it, and its floor."""
