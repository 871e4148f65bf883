"""What comes to a desk from outside: mails and forms, for the demo, the benchmark and the tests."""
