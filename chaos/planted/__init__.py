"""Bugs planted in the reference, each of which the rig must catch by its own anomaly.

`python -m chaos.planted` plays them, and prints how often, how surely and how fast each was caught.

* `bugs`: the catalogue. A bug is an edit or two of the reference's own files.
* `edit`: applies edits when the files are imported.
* `trials`, `runs`, `report`: what is played, how it went, and the table of it.
* `target`, `worker`: a variant of the reference as a target.
* `scenarios`: small ones, for bugs that no scenario of the rig is made for.
"""
