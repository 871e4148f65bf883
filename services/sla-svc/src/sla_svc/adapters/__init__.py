"""The outside world as the domain asks for it: public holidays."""
