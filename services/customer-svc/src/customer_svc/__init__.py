"""Owns customers and organizations, and says who sent a message."""
