"""The code of scripts that repeat a finding without the rig: `chaos.repro.script` copies it whole.

It needs Linux, Python and a Redis server. A name stands once in all of these modules, because in a
script they are one. `chaos_job.py` is written beside the queue's own programs.
"""
