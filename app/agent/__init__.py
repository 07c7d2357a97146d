"""Decide the next calls, and what their replies mean. Pure.

It never touches the database or a socket.
"""
