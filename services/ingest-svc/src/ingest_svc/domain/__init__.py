"""What a received message is, what is to be done with it, and why: pure."""
