"""The face of customers: what they see of their own, in words of their own."""
