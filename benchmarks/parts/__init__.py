"""What benchmarks are built from."""
