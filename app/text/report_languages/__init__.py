"""Hold the words of a report, one file for each language."""
