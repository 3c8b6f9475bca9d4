"""Bugs planted in the reference, each of which the rig must catch by its own anomaly.

`python -m chaos.planted` does it and prints how often, how surely and how fast. A bug is an `Edit`
or two of the reference's own files, applied when they are imported (`edit`); the catalogue is in
`bugs`; what no scenario of the rig is made for has a small scenario in `scenarios`.
"""
