"""The load test in a checkout: `locust -f loadtests/`. All of it is in `chaos.load`."""
