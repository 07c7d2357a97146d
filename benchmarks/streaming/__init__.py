"""Measure what a stream costs.

Many readers of one log, beside other servers in the same minute.
"""
