"""Measure what is found, cited and refused, in figures."""
