"""Build the image without Docker, and let it work without root.

Its root file system is read-only.
"""
