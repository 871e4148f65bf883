"""Libraries, servers and files behind ports."""
