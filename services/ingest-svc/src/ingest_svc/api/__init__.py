"""HTTP: signed webhooks for the outside, the ledger for our own people."""
