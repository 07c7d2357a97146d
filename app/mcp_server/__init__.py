"""Dossier as a Model Context Protocol server: tools and resources over the client."""
