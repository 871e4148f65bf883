"""What is to be sent to whom, in which words; pure."""
