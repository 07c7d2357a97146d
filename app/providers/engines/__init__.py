"""Search engines of the web, each behind the port `Search`."""
