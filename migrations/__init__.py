"""Alembic migrations, written and read by hand."""
