"""The terminal: commands for those who run Dossier and for those who ask it."""
