"""Kafka: what comes in has one effect, what goes out goes out in order."""
