"""Give a report's own words in its language.

They are headings, marks, and the sentences of its evidence.
"""

from app.text.languages import detect
from app.text.report_languages.arabic import ARABIC
from app.text.report_languages.chinese import CHINESE
from app.text.report_languages.dutch import DUTCH
from app.text.report_languages.english import ENGLISH
from app.text.report_languages.french import FRENCH
from app.text.report_languages.german import GERMAN
from app.text.report_languages.hindi import HINDI
from app.text.report_languages.italian import ITALIAN
from app.text.report_languages.japanese import JAPANESE
from app.text.report_languages.korean import KOREAN
from app.text.report_languages.portuguese import PORTUGUESE
from app.text.report_languages.report_wording import ReportWords
from app.text.report_languages.russian import RUSSIAN
from app.text.report_languages.spanish import SPANISH
from app.text.report_languages.thai import THAI
from dossier.job_types import Result

REPORT_WORDS = {
    "en": ENGLISH,
    "de": GERMAN,
    "fr": FRENCH,
    "es": SPANISH,
    "pt": PORTUGUESE,
    "it": ITALIAN,
    "nl": DUTCH,
    "ru": RUSSIAN,
    "ar": ARABIC,
    "hi": HINDI,
    "zh": CHINESE,
    "ja": JAPANESE,
    "ko": KOREAN,
    "th": THAI,
}


def report_words(result: Result, language: str = "") -> ReportWords:
    """Return the words in a language, by default the report's own."""
    return REPORT_WORDS[words_language(result, language)]


def words_language(result: Result, language: str = "") -> str:
    """Choose the language of a report's own words.

    It is the one that is wanted (a BCP 47 tag), else the report's, else English. The title counts: an answer
    can be a name or a number.
    """
    wanted = language.partition("-")[0].lower()
    if wanted in REPORT_WORDS:
        return wanted
    found = detect(f"{result.title}\n{result.final_answer}")
    return found if found in REPORT_WORDS else "en"
