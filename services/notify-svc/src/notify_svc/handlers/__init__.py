"""One use case a file: what it needs, and what it does."""
