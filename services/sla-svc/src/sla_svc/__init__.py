"""Owns SLA policies, business calendars, the clocks of tickets and their timers."""
