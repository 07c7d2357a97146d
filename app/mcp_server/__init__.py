"""Serve Dossier by the Model Context Protocol, over the client."""
