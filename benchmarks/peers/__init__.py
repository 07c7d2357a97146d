"""Drain no-op jobs by other queues of Python on Postgres."""
