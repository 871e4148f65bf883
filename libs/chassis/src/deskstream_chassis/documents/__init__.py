"""Documents of settings: what people change, kept in versions, checked, tried, compared, put back, and told."""
