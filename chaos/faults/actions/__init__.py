"""Faults of processes, one module each: on the wire, by a signal, or by hand.

A module makes a `WireAction`, or a `FaultKind` where nothing happens on the wire. It is found by
itself (`chaos.faults.registry`).
"""
