"""The words of the pages, from `hub_config.i18n`. No sentence for people stands in a template or script."""

from typing import Final

from hub_config.i18n import texts

LANGUAGE_KEY: Final = "lang"


def station_words(lang: str) -> dict[str, str]:
    return {**texts(lang), LANGUAGE_KEY: lang}
