"""Store and search ingested documents, which are cut into passages.

The only SQL for it. A passage is a slice of its document, character for character, so what a search
shows can be found again in the text.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from app.errors import WrongVersion
from app.store.database import Engine, fetch
from app.text import languages

MIN_PASSAGE = 600  # characters; shorter ones lose the words around an answer
MAX_PASSAGE = 1200  # characters; longer ones match everything a little
MAX_TRIES = 20  # of a put that others overtook; one of them wins each time
MAX_SEARCH_TEXT = 2000  # characters of a question that are looked at
MAX_LISTED_DOCUMENTS = 1000  # documents of one listing, at most

MAX_SEARCH_WORDS = 48  # of a question that are looked for
MAX_PAIRS = 32  # of characters among them
PART = 0.4  # of a word's weight, for a compound that has it as a part
RANKED = 60  # passages in which the words are counted
K1, B = 1.2, 0.4  # of BM25; passages are of much the same length, so it tells less than usual
TITLE_WEIGHT = 0.8  # of a word's weight, once more where the title has it

# Where a passage may end, the best first.
BREAKS = (re.compile(r"\n\s*\n"), re.compile(r"[.!?][\"”’')\]]*\s"), re.compile(r"\s"))

# A document and its passages change in one statement. The version that it saw must still be the last
# one when it has the row's lock: passages that another put committed since then are not in its
# snapshot, and it could not remove them.
PUT_DOCUMENT = """
    WITH seen AS MATERIALIZED (
        SELECT xmin AS version, sha256 = $3::text AND title = $2::text AND language = $8::text AS same
        FROM documents WHERE url = $1::text
    ), stored AS (
        INSERT INTO documents AS d (url, title, sha256, text, language)
        SELECT $1::text, $2::text, $3::text, $4::text, $8::text
        WHERE NOT EXISTS (SELECT FROM seen WHERE same)
        ON CONFLICT (url) DO UPDATE SET title = excluded.title, sha256 = excluded.sha256,
            text = excluded.text, language = excluded.language, added_at = now()
        WHERE d.xmin = (SELECT version FROM seen)
        RETURNING document_id
    ), removed AS (
        DELETE FROM passages p USING stored s
        WHERE p.document_id = s.document_id AND p.starts_at <> ALL ($5::integer[])
    ), cut AS (
        INSERT INTO passages AS p (document_id, starts_at, ends_at, title, text, language)
        SELECT s.document_id, c.starts_at, c.ends_at, $2::text, c.text, $8::text
        FROM stored s, unnest($5::integer[], $6::integer[], $7::text[]) AS c (starts_at, ends_at, text)
        ON CONFLICT (document_id, starts_at) DO UPDATE SET ends_at = excluded.ends_at,
            title = excluded.title, text = excluded.text, language = excluded.language
    )
    SELECT EXISTS (SELECT FROM stored), EXISTS (SELECT FROM seen WHERE same)"""

REMOVE = """
    WITH removed AS (DELETE FROM documents WHERE starts_with(url, $1::text) RETURNING 1)
    SELECT count(*) FROM removed"""

DOCUMENTS = """
    SELECT url, title, sha256, length(text), added_at FROM documents
    WHERE url > $2::text ORDER BY url LIMIT $1::integer"""

READ_DOCUMENT = """SELECT title, text FROM documents WHERE url = $1::text"""
READ_TEXT = """SELECT text FROM documents WHERE url = $1::text"""

# The question's words weigh by how rare they are among the passages; a word that no passage has
# weighs most, so a question about something else scores low however often its other words occur.
# - A question searches the documents of every language. The parser counts the words of a text alike in
#   all configurations, so the lexemes that they make of one word are found by its position: they are
#   one word with several spellings. A word that the question's own language drops is none; if that
#   language is not known, a word that any of them drops.
# - A part of a compound counts PART of the whole word, and only where that is missing.
# - A count stops at 1000: beyond that a word is common, whatever the number of documents.
# - Candidates come from the words that are not common. If all are, a passage must have all of them. So
#   the number of passages that are scored is bounded too; the best of them are ranked by BM25.
# - A lexeme is quoted into a tsquery by hand, because parsing it again could cut it up.
# - A word in the title counts for all passages of the document, and once more.
FIND = f"""
    WITH RECURSIVE spoken AS (
        (SELECT language FROM documents ORDER BY language LIMIT 1)
        UNION ALL
        SELECT (SELECT d.language FROM documents d WHERE d.language > s.language ORDER BY d.language LIMIT 1)
        FROM spoken s WHERE s.language IS NOT NULL
    ), configs AS MATERIALIZED (
        SELECT search_config($2::text) AS config
        UNION SELECT search_config(language) FROM spoken WHERE language IS NOT NULL
    ), asked AS MATERIALIZED (
        SELECT c.config, c.config = search_config($2::text) AS is_own, w.lexeme, place
        FROM configs c CROSS JOIN unnest(to_tsvector(c.config, $1::text)) AS w
        CROSS JOIN unnest(w.positions) AS place
    ), spelled AS (
        SELECT DISTINCT first.place, a.lexeme
        FROM (SELECT lexeme, min(place) AS place FROM asked WHERE is_own GROUP BY lexeme) AS first
        JOIN asked a USING (place)
        WHERE $2::text <> '' OR (SELECT count(DISTINCT b.config) FROM asked b WHERE b.place = first.place)
            = (SELECT count(*) FROM configs)
        UNION
        SELECT 20000 + pair.place, pair.lexeme FROM unnest($3::text[]) WITH ORDINALITY AS pair (lexeme, place)
    ), words AS MATERIALIZED (
        SELECT place, array_agg(lexeme) AS lexemes, string_agg(quote, ' | ') AS whole,
            string_agg(overlay(quote PLACING '''+' FROM 1 FOR 1) || ':*', ' | ')
                FILTER (WHERE length(lexeme) >= 4 AND lexeme !~ '[^[:alpha:]]'
                    AND EXISTS (SELECT FROM spoken WHERE language IN ('de', 'nl'))) AS part
        FROM (SELECT *, '''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''' AS quote
              FROM spelled) AS quoted
        GROUP BY place ORDER BY place LIMIT {MAX_SEARCH_WORDS}
    ), counted AS MATERIALIZED (
        SELECT lexemes, whole::tsquery, part::tsquery, word, (SELECT count(*) FROM
            (SELECT FROM passages p WHERE p.lexemes @@ word LIMIT 1000) AS holding) AS df
        FROM words, concat_ws(' | ', whole, part) AS either, CAST(either AS tsquery) AS word
    ), total AS MATERIALIZED (
        SELECT greatest((SELECT reltuples FROM pg_class WHERE oid = 'passages'::regclass),
            (SELECT count(*) FROM (SELECT FROM passages LIMIT 1000) AS first))::float8 AS passages
    ), weighed AS MATERIALIZED (
        SELECT counted.*, ln(1 + passages / (df + 0.5)) AS idf FROM counted, total
    ), wanted AS MATERIALIZED (
        SELECT sum(idf) AS idf,
            coalesce(string_agg('(' || word::text || ')', ' | ') FILTER (WHERE df BETWEEN 1 AND 999),
                     string_agg('(' || word::text || ')', ' & ') FILTER (WHERE df > 0))::tsquery AS candidate
        FROM weighed
    ), candidates AS MATERIALIZED (
        SELECT p.document_id, p.starts_at, p.ends_at, p.lexemes
        FROM passages p WHERE p.lexemes @@ (SELECT candidate FROM wanted) LIMIT 20000
    ), matched AS MATERIALIZED (
        SELECT c.*, hit.idf
        FROM candidates c CROSS JOIN LATERAL (
            SELECT sum(CASE WHEN c.lexemes @@ w.whole THEN w.idf
                            WHEN c.lexemes @@ w.part THEN {PART} * w.idf END) AS idf
            FROM weighed w WHERE w.df > 0) AS hit
        WHERE hit.idf > 0 ORDER BY hit.idf DESC, c.document_id, c.starts_at LIMIT {RANKED}
    ), ranked AS (
        SELECT m.document_id, m.starts_at, m.ends_at, m.idf, sum(w.idf * CASE
            WHEN seen.times > 0 THEN {TITLE_WEIGHT} * seen.titled + {K1 + 1} * seen.times / (seen.times
                + {K1} * ({1 - B}::float8 + {B} * (m.ends_at - m.starts_at) / {MAX_PASSAGE}))
            WHEN m.lexemes @@ w.part THEN {PART} ELSE 0 END) AS score
        FROM matched m CROSS JOIN weighed w CROSS JOIN LATERAL (
            SELECT coalesce(sum(cardinality(l.positions)), 0)::float8 AS times,
                coalesce(max(('A' = ANY (l.weights))::integer), 0) AS titled
            FROM unnest(m.lexemes) AS l WHERE l.lexeme = ANY (w.lexemes)) AS seen
        GROUP BY m.document_id, m.starts_at, m.ends_at, m.idf
    ), scored AS (
        SELECT DISTINCT ON (document_id) * FROM ranked ORDER BY document_id, score DESC, starts_at
    )
    SELECT d.url, d.title, substr(d.text, s.starts_at + 1, s.ends_at - s.starts_at),
           s.starts_at, s.ends_at,
           least(s.score / w.idf / {K1 + 1 + TITLE_WEIGHT}, 1), least(s.idf / w.idf, 1)
    FROM (SELECT * FROM scored ORDER BY score DESC, document_id LIMIT $4::integer) AS s
    JOIN documents d USING (document_id) CROSS JOIN wanted w
    ORDER BY s.score DESC, s.document_id"""


class ListedDocument(Struct, frozen=True):
    """A document of the corpus, without its text."""

    url: str
    title: str
    sha256: str  # of the text, hexadecimal
    size: int  # characters
    added_at: datetime


class CorpusPassage(Struct, frozen=True):
    """The place in a document that answers a question best."""

    url: str
    title: str
    text: str
    starts_at: int  # characters into the document's text
    ends_at: int
    score: float  # 0..1, comparable within one search
    coverage: float  # 0..1: the share of the question, weighed by rarity, whose words are in here


async def put(engine: Engine, url: str, title: str, text: str) -> bool:
    """Store a document, in place of the one that had this url.

    A NUL, which Postgres cannot store, becomes U+FFFD. False if nothing has changed.
    Raises WrongVersion if others keep changing the same document.
    """
    title, text = _storable(title), _storable(text)
    cuts = list(cut(text))
    starts, ends = [start for start, _ in cuts], [end for _, end in cuts]
    language = languages.detect(f"{title}\n{text}")
    digest = hashlib.sha256(text.encode()).hexdigest()
    slices = [text[start:end] for start, end in cuts]
    for _ in range(MAX_TRIES):
        (row,) = await fetch(
            engine, PUT_DOCUMENT, _storable(url), title, digest, text, starts, ends, slices, language
        )
        stored, same = row
        if stored or same:
            return bool(stored)
    raise WrongVersion(f"{url} is being changed by another process.")


def _storable(text: str) -> str:
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def cut(text: str) -> Iterator[tuple[int, int]]:
    """Return the start and end of each passage, in characters.

    Only white space lies between two of them.
    """
    start = _skip_space(text, 0)
    while start < len(text):
        end = _end(text, start)
        yield start, start + len(text[start:end].rstrip())
        start = _skip_space(text, end)


def _end(text: str, start: int) -> int:
    """The last good place to end a passage that begins at `start`."""
    if len(text) - start <= MAX_PASSAGE:
        return len(text)
    for place in BREAKS:
        found = list(place.finditer(text, start + MIN_PASSAGE, start + MAX_PASSAGE))
        if found:
            return found[-1].end()
    return start + MAX_PASSAGE


def _skip_space(text: str, start: int) -> int:
    while start < len(text) and text[start].isspace():
        start += 1
    return start


async def remove(engine: Engine, url_prefix: str) -> int:
    """Remove documents by the beginning of their urls.

    Count them. "" removes all.
    """
    rows = await fetch(engine, REMOVE, _storable(url_prefix))
    return int(rows[0][0])


async def documents(engine: Engine, limit: int, after: str = "") -> list[ListedDocument]:
    """List at most `limit` documents after `after`, by url.

    One call returns 1000 at most.
    """
    rows = await fetch(engine, DOCUMENTS, min(limit, MAX_LISTED_DOCUMENTS), _storable(after))
    return [ListedDocument(*row) for row in rows]


async def text(engine: Engine, url: str) -> str | None:
    """Return the text of a document, or None if it is unknown."""
    rows = await fetch(engine, READ_TEXT, _storable(url))
    return str(rows[0][0]) if rows else None


async def document(engine: Engine, url: str) -> tuple[str, str] | None:
    """Return a document's title and text, or None if unknown."""
    rows = await fetch(engine, READ_DOCUMENT, _storable(url))
    return (str(rows[0][0]), str(rows[0][1])) if rows else None


async def find(engine: Engine, query: str, limit: int) -> list[CorpusPassage]:
    """The best passage of each of at most `limit` documents, best first.

    The query is a question or a few words; nothing in it is syntax.
    """
    text = _storable(query)[:MAX_SEARCH_TEXT]
    rows = await fetch(engine, FIND, *_asked(text, languages.detect(text)), limit)
    return [CorpusPassage(*row) for row in rows]


def _asked(query: str, language: str) -> tuple[str, str, list[str]]:
    """Return a query's words, language and character pairs for Postgres.

    The language drops some of the words.
    """
    spoken = languages.without_asking(query, language) if language != "en" else query
    pairs = dict.fromkeys(word for word in languages.words(spoken) if languages.is_paired(word))
    return languages.without_pairs(spoken), language, list(pairs)[:MAX_PAIRS]
