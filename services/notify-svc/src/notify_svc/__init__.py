"""Owns what goes out by mail: confirmations, replies and notices, each sent once."""
