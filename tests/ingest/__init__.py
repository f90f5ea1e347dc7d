"""Tests of the write side, room by room."""
