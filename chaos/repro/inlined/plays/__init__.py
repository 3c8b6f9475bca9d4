"""What is done to a queue: one `play` in each script."""
