"""The local mailbox: an SMTP server that catches what the stack sends, and stands for the outside world."""
