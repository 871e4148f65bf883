"""Kafka: the two translations."""
