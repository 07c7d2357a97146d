"""Requests made from the OpenAPI document, and their answers."""
