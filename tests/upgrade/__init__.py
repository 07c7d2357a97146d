"""Two versions of the code over one database."""
