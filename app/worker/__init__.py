"""Claim jobs, work on them, extend leases, and rescue lost jobs."""
