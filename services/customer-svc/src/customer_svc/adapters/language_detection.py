"""Which language a text is in, by eldc (n-grams, in C, about 10 µs a text)."""

import eldc

_LONGEST = 2000
_CLEAR_ABOVE = 0.5


class EldcDetector:
    def __init__(self) -> None:
        eldc.init()

    def detect(self, text: str) -> str | None:
        """Judged by the first 2,000 characters. None for fewer than four, or where no language scores above a half."""
        sample = text[:_LONGEST].strip()
        if len(sample) < 4:
            return None
        found = eldc.detect_details(sample)
        if found.language == "und" or not found.scores or next(iter(found.scores.values())) < _CLEAR_ABOVE:
            return None
        return "nb" if found.language == "no" else str(found.language)
