"""Linters and client generators of others, run on the committed OpenAPI document."""
