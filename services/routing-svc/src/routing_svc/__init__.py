"""Owns teams, agents, their availability, the rules, and the decisions who gets a ticket."""
