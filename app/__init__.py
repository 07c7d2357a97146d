"""Dossier: deep research as a service, on an append-only log in Postgres."""

__version__ = "0.1.0"
