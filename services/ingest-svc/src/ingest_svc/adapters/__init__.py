"""Libraries behind ports."""
