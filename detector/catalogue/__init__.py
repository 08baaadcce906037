"""The sentences a person hears or reads beside the bed, in each language."""

from detector.catalogue.catalogue import Catalogue, UnknownLanguage, languages, load

__all__ = ["Catalogue", "UnknownLanguage", "languages", "load"]
