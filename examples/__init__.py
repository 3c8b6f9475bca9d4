"""Queues that are not ours, and their targets."""
