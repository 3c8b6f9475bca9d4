"""The reference queue, as the rig knows it."""
