"""Our own templates, Jinja2, one file for each kind and language: the first line is the subject."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

KINDS = ("confirmation", "agent_reply", "resolution", "escalation")
_FOLDER = Path(__file__).parents[1] / "templates"


class JinjaWords:
    """All templates, compiled at start; a missing one is an error then, not when a customer waits."""

    def __init__(self, fallback: str) -> None:
        # Plain text: nothing is to be escaped.
        environment = Environment(loader=FileSystemLoader(_FOLDER), undefined=StrictUndefined, autoescape=False)  # noqa: S701
        languages = sorted(path.name for path in _FOLDER.iterdir() if path.is_dir())
        self._templates: dict[tuple[str, str], Template] = {
            (kind, language): environment.get_template(f"{language}/{kind}.txt") for language in languages for kind in KINDS
        }
        self._fallback = fallback
        self.languages = tuple(languages)

    def render(self, kind: str, language: str, values: dict[str, object]) -> tuple[str, str]:
        template = self._templates.get((kind, language)) or self._templates[kind, self._fallback]
        subject, _, text = template.render(values).partition("\n")
        return subject.strip(), text.strip() + "\n"
