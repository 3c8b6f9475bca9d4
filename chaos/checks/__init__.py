"""The checks: one SQL file per anomaly, and the judge that makes a verdict of them."""
