"""HTTP: signed webhooks for the outside, submissions and the ledger for our own gateway."""
