"""The version of Dossier, client and server."""

__version__ = "0.1.0"
