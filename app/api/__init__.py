"""HTTP: what the API answers, and nothing that decides."""
