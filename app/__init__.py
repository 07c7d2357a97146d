"""Dossier: deep research as a service, on an append-only log in Postgres."""
