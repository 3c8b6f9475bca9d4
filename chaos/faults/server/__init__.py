"""Faults of the server, one module each. A module makes a `ServerFault`, which is found by itself
(`chaos.faults.registry`)."""
