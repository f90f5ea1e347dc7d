"""Tests of the write side, module by module."""
