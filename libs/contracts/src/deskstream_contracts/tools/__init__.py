"""What makes the published side of the contract of its models: schemas, documents, and the gate. Nothing that runs imports it."""
