"""What ingest-svc hears, and what it tells."""
