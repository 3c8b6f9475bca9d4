"""Golden histories: one module per anomaly, named like its SQL file.

Each has at least one function `bad…`, which returns the anomalies that its history shows (and no
other may be flagged), one `near_miss…`, which looks much like it and breaks nothing, and one
`indeterminate…`, whose outcome cannot be known, so that nothing may be flagged either.
"""
