"""gateway: the API for people and programs."""
