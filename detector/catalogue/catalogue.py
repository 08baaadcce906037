"""One file of sentences for each language, beside this module; a further language is a further file."""

import tomllib
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
REFERENCE = "en"
"""The language every other one is a translation of."""


class UnknownLanguage(ValueError):
    """There is no catalogue in the language asked for."""


class Catalogue:
    """The sentences of one language by their names, such as `fault.battery.cure`."""

    def __init__(self, language: str, sentences: dict[str, str]) -> None:
        self.language = language
        self._sentences = sentences

    @property
    def keys(self) -> list[str]:
        """The names of all sentences, in the file's order."""
        return list(self._sentences)

    def raw(self, key: str) -> str:
        """A sentence with its {placeholders}; raises KeyError for a name that is not there."""
        return self._sentences[key]

    def say(self, key: str, **values: object) -> str:
        """A finished sentence; raises KeyError for a name that is not there or a placeholder without a value."""
        return self.raw(key).format(**values)

    def figure(self, value: float, decimals: int) -> str:
        """A number as this language writes it: `0.5`, `0,5`."""
        return f"{value:.{decimals}f}".replace(".", self.raw("number.point"))


def languages() -> list[str]:
    """The languages there are, such as `de` and `en`."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


@cache
def load(language: str = REFERENCE) -> Catalogue:
    """The catalogue of a language; raises UnknownLanguage, which names those there are."""
    if language not in languages():
        raise UnknownLanguage(f"language {language!r} is not there; choose one of: {', '.join(languages())}")
    with (FOLDER / f"{language}.toml").open("rb") as file:
        return Catalogue(language, _flat(tomllib.load(file)))


def _flat(table: dict[str, object], prefix: str = "") -> dict[str, str]:
    """Nested tables as one, names joined by dots."""
    flat: dict[str, str] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = str(value)
    return flat
