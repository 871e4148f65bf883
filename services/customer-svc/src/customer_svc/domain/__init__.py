"""Customers and organizations as decisions and events; pure."""
