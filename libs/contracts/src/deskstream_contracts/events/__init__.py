"""Every business event, one module for each owner."""
