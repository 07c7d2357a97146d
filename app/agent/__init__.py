"""Research, pure: which calls come next, and what their replies mean. Never the database, never a socket."""
