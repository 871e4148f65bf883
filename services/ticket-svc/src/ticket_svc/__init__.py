"""Owns tickets and their conversations."""
