"""Files: taken in a stream, kept by what is in them, claimed by what they belong to, given out in a stream."""
