"""Postgres: the only folder that speaks SQL."""
