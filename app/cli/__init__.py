"""The commands of the terminal.

Some are for those who run Dossier, some for those who ask it.
"""
