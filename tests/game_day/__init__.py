"""Bring about what operators meet, and check that it can be seen."""
