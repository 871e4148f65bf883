"""Use cases: accept, sort, close."""
