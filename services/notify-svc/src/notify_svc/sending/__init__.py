"""SMTP: sending what is due, once."""
