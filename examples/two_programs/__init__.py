"""The naive queue again, as two programs that know nothing of the rig but one call."""
