"""Queues side by side: the same questions to each, every answer from a run."""
