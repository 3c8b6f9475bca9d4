"""The errors of the rig: one tree, so that a program that uses it catches one class."""


class ChaosError(Exception):
    """Something that the rig could not do. The message is one sentence for people."""
