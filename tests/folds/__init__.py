"""The server, the page and the report views agree on every log."""
