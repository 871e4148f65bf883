"""Our own templates, Jinja2, one file for each kind and language: the first line is the subject."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

_FOLDER: Final = Path(__file__).parents[1] / "templates"


class JinjaWords:
    """The templates of all `kinds`, compiled at start. Raises TemplateNotFound then, and not when a customer waits."""

    def __init__(self, kinds: Iterable[str], fallback: str) -> None:
        # Plain text: nothing is to be escaped.
        environment = Environment(loader=FileSystemLoader(_FOLDER), undefined=StrictUndefined, autoescape=False)  # noqa: S701
        self.languages = tuple(sorted(path.name for path in _FOLDER.iterdir() if path.is_dir()))
        self._templates: dict[tuple[str, str], Template] = {
            (kind, language): environment.get_template(f"{language}/{kind}.txt") for kind in kinds for language in self.languages
        }
        self._fallback = fallback

    def render(self, kind: str, language: str, values: Mapping[str, object]) -> tuple[str, str]:
        """Subject and text; in the fallback for a language that there is no template in."""
        template = self._templates.get((kind, language)) or self._templates[kind, self._fallback]
        subject, _, text = template.render(values).partition("\n")
        return subject.strip(), text.strip() + "\n"
