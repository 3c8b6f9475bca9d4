"""The reference queue as a tutorial: read `test_fundamentals.py` from top to bottom."""
