"""The doors of the desk and the ledger of everything that came through them."""
