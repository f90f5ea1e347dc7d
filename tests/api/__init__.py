"""Tests of the API from outside: by its own document, and by clients that others wrote."""
