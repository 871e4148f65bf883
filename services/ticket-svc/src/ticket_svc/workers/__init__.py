"""What runs beside the API and the consumer."""
