"""What routing is, without I/O."""
