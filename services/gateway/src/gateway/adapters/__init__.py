"""The services behind, as a port."""
