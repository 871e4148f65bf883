"""The wire contract of Deskstream: every topic, every event, and their schemas and golden examples.

Only pydantic models and constants live here; the mechanics of sending and receiving are the chassis's.
Events are CloudEvents 1.0 in Kafka binary content mode.
"""
