"""Measure how the cost of strangers' text grows.

The patterns and functions are found by walking the modules.
"""
