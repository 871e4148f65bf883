"""What an SLA is, without I/O."""
