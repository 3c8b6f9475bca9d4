"""The rig's side of a load test."""
