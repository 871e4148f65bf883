"""PostgreSQL: transactions, aggregates, rows, migrations."""
