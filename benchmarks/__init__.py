"""Measure Dossier against yardsticks in the same minute."""
