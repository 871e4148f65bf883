"""One use case a file: what it touches, and what it does."""
