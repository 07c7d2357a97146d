"""The image, built without Docker, at work without root on a read-only root."""
