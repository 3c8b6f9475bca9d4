"""Golden histories: one module per anomaly, named like its SQL file.

Each has at least one function of each of the first three kinds, and the check of its anomaly must
say about each:

* `bad…` returns the number of broken cases by anomaly, and no other anomaly may be flagged;
* `near_miss…` looks much like it, has a case, and nothing is flagged;
* `indeterminate…` has an outcome that cannot be known, and nothing is flagged;
* `irrelevant…` has no case at all.

Where damaged evidence excuses, the bad history is told again and torn.
"""
