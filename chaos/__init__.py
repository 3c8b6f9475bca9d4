"""The rig: injects faults into worker processes of a Redis queue, and judges what happened.

A module directly in this package is a scenario to run (`python -m chaos.kill_during_claim`);
what scenarios are built from lives in the sub-packages.
"""
