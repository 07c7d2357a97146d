"""Threads against one thread, in a seeded world whose facts are known."""
