"""Measure the same work while the log grows."""
