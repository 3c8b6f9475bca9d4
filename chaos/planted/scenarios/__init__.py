"""Small scenarios for planted bugs that no scenario of the rig is made for.

The sound reference passes them all.
"""
