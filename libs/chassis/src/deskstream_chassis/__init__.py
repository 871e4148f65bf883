"""The mechanics that would be wrong if two services differed: outbox, inbox, relay, consumer, telemetry, auth, health, problems.

Nothing in here knows of tickets, customers or deadlines.
"""
