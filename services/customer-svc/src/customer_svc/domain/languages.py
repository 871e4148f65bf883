"""The languages that the desk speaks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from customer_svc.domain.refusals import UnsupportedLanguage


class LanguageDetector(Protocol):
    def detect(self, text: str) -> str | None:
        """The BCP 47 language tag of a text, or None where it is not clear."""
        ...


@dataclass(frozen=True, slots=True)
class Languages:
    """The languages the desk speaks, and the one for everybody else."""

    supported: Sequence[str]
    fallback: str

    def choose(self, requested: str | None, text: str, detector: LanguageDetector) -> tuple[str, str]:
        """The support language of a new customer, and where it came from (requested, detected or fallback)."""
        if requested and (found := self.match(requested)):
            return found, "requested"
        detected = detector.detect(text)
        if detected and (found := self.match(detected)):
            return found, "detected"
        return self.fallback, "fallback"

    def match(self, tag: str) -> str | None:
        """The supported language that serves a tag (RFC 4647 lookup: `de-AT` is served by `de`, `no` by `nb`)."""
        wanted = tag.lower().replace("_", "-")
        primary = {"no": "nb", "nn": "nb"}.get(wanted.split("-")[0], wanted.split("-")[0])
        return next((s for s in self.supported if s.lower() in (wanted, primary)), None)

    def supported_one(self, tag: str) -> str:
        """The same, for a language that somebody has chosen. Raises UnsupportedLanguage."""
        found = self.match(tag)
        if found is None:
            raise UnsupportedLanguage(tag, ", ".join(self.supported))
        return found
