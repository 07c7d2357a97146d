"""Read each new event once for all readers of a process.

One hub a process hears of news, reads and encodes it, and delivers it.
"""
