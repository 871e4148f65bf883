"""Foreign bytes to plain facts: pure functions, run in processes of their own with limits."""
