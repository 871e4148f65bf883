"""Tickets as decisions and events; pure."""
