"""The sentences beside the bed."""

import re
import string
from pathlib import Path

import pytest

from detector.catalogue import UnknownLanguage, languages, load
from detector.catalogue.catalogue import REFERENCE

LONGEST_ALERT = 160  # characters: one text message
BANNED = ("improve", "worse", "diagnos", "besser", "schlechter", "schlimmer")

translations = pytest.mark.parametrize("language", [language for language in languages() if language != REFERENCE])
all_languages = pytest.mark.parametrize("language", languages())


ROOT = Path(__file__).parents[3]
SOURCES = [
    *(ROOT / "detector").rglob("*.py"),
    *(ROOT / "crampwatch").rglob("*.py"),
    *(ROOT / "crampwatch").rglob("*.jinja"),
]


def names_in_the_code() -> re.Pattern[str]:
    """Every quoted name with a dot; what is filled in, by `{...}` or behind `~`, stands for anything."""
    code = "\n".join(path.read_text() for path in SOURCES)
    quoted = re.findall(r"""["']([a-z_]+\.[\w.{}()-]*)["']( ~)?""", code)
    return re.compile(
        "|".join(re.sub(r"\\{.*?\\}", ".+", re.escape(name)) + (".+" if open_ else "") for name, open_ in quoted)
    )


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def test_english_and_german_are_there() -> None:
    assert languages() == ["de", "en"]


@translations
def test_a_translation_has_the_same_sentences_in_the_same_order(language: str) -> None:
    assert load(language).keys == load(REFERENCE).keys


@translations
def test_a_translation_has_the_same_placeholders(language: str) -> None:
    ours, theirs = load(language), load(REFERENCE)
    different = [key for key in theirs.keys if placeholders(ours.raw(key)) != placeholders(theirs.raw(key))]
    assert not different


@all_languages
def test_every_sentence_can_be_said(language: str) -> None:
    catalogue = load(language)
    for key in catalogue.keys:
        assert catalogue.say(key, **dict.fromkeys(placeholders(catalogue.raw(key)), 1)).strip()


@all_languages
def test_strings_contain_no_improve_worse_diagnos(language: str) -> None:
    catalogue = load(language)
    said = {key: catalogue.raw(key).lower() for key in catalogue.keys}
    assert not [key for key, sentence in said.items() if any(word in sentence for word in BANNED)]


@all_languages
def test_an_alert_fits_a_text_message(language: str) -> None:
    alerts = [key for key in load(language).keys if key.startswith("alert.cramp.")]
    assert len(alerts) == 5
    for key in alerts:
        assert len(load(language).say(key, site="left_calf", seconds=120)) <= LONGEST_ALERT


def test_an_unknown_language_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownLanguage, match="choose one of: de, en"):
        load("xx")


def test_a_name_leads_out_of_the_folder_no_more_than_any_other() -> None:
    with pytest.raises(UnknownLanguage):
        load("../catalogue/en")


def test_a_sentence_without_its_value_is_not_said() -> None:
    with pytest.raises(KeyError):
        load().say("alert.over")


def test_a_figure_is_written_as_its_language_writes_it() -> None:
    assert [load(language).figure(0.46, 1) for language in ("en", "de")] == ["0.5", "0,5"]


def test_no_sentence_is_there_that_nobody_says() -> None:
    said = names_in_the_code()
    assert [key for key in load().keys if not said.fullmatch(key)] == ["language"]
