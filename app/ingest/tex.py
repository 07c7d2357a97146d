"""Read the text of LaTeX sources.

Nothing is run and no other file is read. Libraries for it (pylatexenc, TexSoup) build trees by recursion, and
their last releases are years old.
"""

import re
import unicodedata

from app.text.charset import decode
from app.text.formats import CODE_FENCE, Extract

COMMENT = re.compile(r"(?<!\\)%[^\n]*\n?[ \t]*")
DROPPED = re.compile(
    r"\\(?:documentclass|usepackage|bibliographystyle|bibliography|label|input|include|includegraphics|vspace|hspace"
    r"|newcommand|renewcommand|setlength|pagestyle|thispagestyle|setcounter|geometry|hypersetup)\*?"
    r"(?:\[[^\]\n]{0,300}\])?(?:\{[^{}\n]{0,300}\}){0,3}"
)
CITED = re.compile(
    r"~?\\(?:cite\w{0,9}|ref|eqref|autoref|cref|pageref)\*?(?:\[[^\]\n]{0,300}\]){0,2}\{[^{}\n]{0,300}\}"
)
VERBATIM = re.compile(
    r"\\(begin|end)\{(?:verbatim|lstlisting|minted|equation|align|displaymath)\*?\}(?:\{[^{}\n]{0,50}\})?"
)
HEADING = re.compile(
    r"\\(?:title|part|chapter|(?:sub){0,2}section|paragraph)\*?(?:\[[^\]\n]{0,300}\])?\{([^{}\n]{0,500})\}"
)
TITLE = re.compile(r"\\title(?:\[[^\]\n]{0,300}\])?\{([^{}]{1,500})\}")
AUTHOR = re.compile(r"\\author\{([^{}]{1,500})\}")
ITEM = re.compile(r"\\item(?:\[([^\]\n]{0,300})\])?[ \t]*")
ENVIRONMENT = re.compile(r"\\(?:begin|end)\{[^{}\n]{0,50}\}(?:\[[^\]\n]{0,300}\])?")
ACCENT = re.compile(r"""\\(?:([`'^"~=.])\s?(?:\{\\?([A-Za-z])\}|\\?([A-Za-z]))|([uvHcdb])\{([A-Za-z])\})""")
LETTER_COMMAND = re.compile(r"\\(ss|ae|AE|oe|OE|aa|AA|o|O|l|L|i|j)(?:\{\}|\b)\s?")
COMMAND = re.compile(r"\\[A-Za-z]{1,50}\*?(?:\[[^\]\n]{0,300}\])?[ \t]?")
ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304", ".": "\u0307",
    "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "d": "\u0323", "b": "\u0331",
}  # fmt: skip
LETTERS = {
    "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å", "AA": "Å", "o": "ø", "O": "Ø", "l": "ł",
    "L": "Ł", "i": "i", "j": "j",
}  # fmt: skip
PLAIN_SIGNS = (("\\\\", "\n"), ("---", "—"), ("--", "–"), ("``", "“"), ("''", "”"), ("~", " "), ("\\ ", " "))

# Escaped signs keep their places until the braces of the markup are gone.
ESCAPED = {sign: chr(0xE000 + at) for at, sign in enumerate("%&$#_{}")}


def from_tex(body: bytes) -> Extract:
    """Return the words of a LaTeX source under its title."""
    source = COMMENT.sub("", decode(body).replace("\r\n", "\n"))
    title, author = TITLE.search(source), AUTHOR.search(source)
    metadata = {"author": _plain(author[1])} if author else {}
    _, begins, main = source.partition("\\begin{document}")
    text = _plain((main if begins else source).partition("\\end{document}")[0])
    return Extract(_plain(title[1]) if title else "", text, metadata)


def _plain(source: str) -> str:
    """Return a source without its commands."""
    text = VERBATIM.sub(f"\n\n{CODE_FENCE}\n", source)
    text = CITED.sub("", DROPPED.sub("", text))
    text = HEADING.sub(r"\n\n\1\n\n", text)
    text = ENVIRONMENT.sub("\n", ITEM.sub(lambda found: f"\n- {found[1] or ''} ".rstrip(" ") + " ", text))
    text = LETTER_COMMAND.sub(lambda found: LETTERS[found[1]], ACCENT.sub(_accented, text))
    for written, meant in PLAIN_SIGNS:
        text = text.replace(written, meant)
    text = re.sub(r"\\([%&$#_{}])", lambda found: ESCAPED[found[1]], COMMAND.sub("", text))
    text = text.replace("{", "").replace("}", "")
    for sign, held in ESCAPED.items():
        text = text.replace(held, sign)
    return re.sub(r"\n[ \t]+", "\n", text).strip()


def _accented(found: re.Match[str]) -> str:
    mark, letter = found[1] or found[4], found[2] or found[3] or found[5]
    return unicodedata.normalize("NFC", letter + ACCENTS[mark])
