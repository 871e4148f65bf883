"""Use cases, one a file: what each needs, and what it does."""
