"""What the terminal tests ask."""

QUESTION = "What does the with statement do, and what is a context manager?"


NOBODY = "0199d2a4-5c3b-7000-8000-3f1a5b7c9d00"
