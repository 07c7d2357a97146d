"""One fold, three readers: the server, the page and the report views say the same of the same log."""
