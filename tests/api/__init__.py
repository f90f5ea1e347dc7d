"""Tests of the API from outside: by its OpenAPI document, and with third-party clients."""
