"""The benchmarks' side of the reference queue, and its floor."""
