"""The local stack of Deskstream and its command line."""
