"""Find the passages that answer a question best.

The only SQL for it.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import astuple

from app.domain.caller import Caller
from app.store.database import Engine, fetch, fetch_own, storable
from app.text import languages
from app.text.passages import MAX_PASSAGE, folded

MAX_SEARCH_TEXT = 2000  # characters of a question that are looked at
MAX_SEARCH_WORDS = 80  # of a question that are looked for
MAX_PAIRS = 80  # of characters among them; a sentence in Thai has sixty
PART = 0.4  # of a word's weight, for a compound that has it as a part
COMMON_WORD = 1000  # passages that have a word; beyond that it is common, however many there are
SCORED = 1000  # passages with most of what is not common, in which the common words are looked for
RANKED = 60  # of those, passages in which the words are counted
K1, B = 1.2, 0.4  # of BM25; passages are of much the same length, so it tells less than usual
TITLE_WEIGHT = 0.8  # of a word's weight, once more where the title has it

# Of a passage p, where the statement has `others`.
_IS_OWN = """(NOT (SELECT shared FROM others) OR EXISTS (
                SELECT FROM documents o WHERE o.document_id = p.document_id AND o.tenant = $6))"""

# The question's words weigh by how rare they are among the passages; a word that no passage has
# weighs most, so a question about something else scores low however often its other words occur.
# - A question searches the documents of every language. The parser counts the words of a text alike in
#   all configurations, so the lexemes that they make of one word are found by its position: they are
#   one word with several spellings. A word that the question's own language drops is none; if that
#   language is not known, a word that any of them drops.
# - A part of a compound counts PART of the whole word, and only where that is missing.
# - A count stops at COMMON_WORD. The index tells who has a word, so a passage itself is read only where it is
#   among the SCORED best by the words that are not common. If all are, a passage must have all of them. So
#   the number of passages that are read is bounded; the best of them are ranked by BM25.
# - The lexemes of a passage are copied (|| ''), because each look at a stored one unpacks it again.
# - A lexeme is quoted into a tsquery by hand, because parsing it again could cut it up.
# - A word in the title counts for all passages of the document, and once more.
# - The words are counted in all documents of the tenant, also where collections restrict which are found.
#   Where no other tenant has documents, whose a passage is need not be looked up. An index has the first and
#   the last tenant at its ends; a condition on all others made the planner read the whole table.
FIND = f"""
    WITH RECURSIVE others AS MATERIALIZED (
        SELECT (SELECT min(tenant) FROM documents) < $6::text
            OR (SELECT max(tenant) FROM documents) > $6 AS shared
    ), spoken AS (
        (SELECT language FROM documents WHERE tenant = $6::text ORDER BY language LIMIT 1)
        UNION ALL
        SELECT (SELECT d.language FROM documents d
                WHERE d.tenant = $6 AND d.language > s.language ORDER BY d.language LIMIT 1)
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
    ), held AS MATERIALIZED (
        SELECT w.place, h.* FROM words w CROSS JOIN LATERAL (
            SELECT document_id, starts_at, max(share) AS share FROM (
                (SELECT p.document_id, p.starts_at, 1::float8 AS share FROM passages p
                 WHERE p.lexemes @@ w.whole::tsquery AND {_IS_OWN} LIMIT {COMMON_WORD})
                UNION ALL
                (SELECT p.document_id, p.starts_at, {PART} FROM passages p
                 WHERE p.lexemes @@ w.part::tsquery AND {_IS_OWN} LIMIT {COMMON_WORD})) AS either
            GROUP BY document_id, starts_at) AS h
    ), counted AS MATERIALIZED (
        SELECT place, lexemes, whole::tsquery, part::tsquery,
            least((SELECT count(*) FROM held h WHERE h.place = words.place), {COMMON_WORD}) AS df
        FROM words
    ), total AS MATERIALIZED (
        SELECT greatest((SELECT reltuples FROM pg_class WHERE oid = 'passages'::regclass
                AND NOT (SELECT shared FROM others)),
            (SELECT count(*) FROM (SELECT FROM passages p WHERE {_IS_OWN}
                LIMIT CASE WHEN (SELECT shared FROM others) THEN 20000 ELSE 1000 END) AS first)
        )::float8 AS passages
    ), weighed AS MATERIALIZED (
        SELECT counted.*, ln(1 + passages / (df + 0.5)) AS idf FROM counted, total
    ), wanted AS MATERIALIZED (
        SELECT sum(idf) AS idf, CASE WHEN NOT bool_or(df BETWEEN 1 AND {COMMON_WORD - 1}) THEN
            string_agg('(' || concat_ws(' | ', whole::text, part::text) || ')', ' & ')
                FILTER (WHERE df > 0) END::tsquery AS every
        FROM weighed
    ), candidates AS MATERIALIZED (
        (SELECT h.document_id, h.starts_at, sum(h.share * w.idf) AS idf
         FROM held h JOIN weighed w USING (place)
         WHERE w.df < {COMMON_WORD} AND ($5::text[] IS NULL OR EXISTS (SELECT FROM documents d
            WHERE d.document_id = h.document_id AND d.collections && $5::text[]))
         GROUP BY h.document_id, h.starts_at ORDER BY idf DESC, h.document_id, h.starts_at LIMIT {SCORED})
        UNION ALL
        (SELECT p.document_id, p.starts_at, 0
         FROM passages p WHERE p.lexemes @@ (SELECT every FROM wanted) AND {_IS_OWN}
            AND ($5::text[] IS NULL OR EXISTS (SELECT FROM documents d
                WHERE d.document_id = p.document_id AND d.collections && $5::text[]))
         LIMIT {SCORED})
    ), matched AS MATERIALIZED (
        SELECT c.document_id, c.starts_at, p.ends_at, p.lexemes, c.idf + coalesce(common.idf, 0) AS idf
        FROM candidates c CROSS JOIN LATERAL (
            SELECT p.ends_at, p.lexemes || ''::tsvector AS lexemes FROM passages p
            WHERE p.document_id = c.document_id AND p.starts_at = c.starts_at LIMIT 1) AS p
        CROSS JOIN LATERAL (
            SELECT sum(CASE WHEN p.lexemes @@ w.whole THEN w.idf
                            WHEN p.lexemes @@ w.part THEN {PART} * w.idf END) AS idf
            FROM weighed w WHERE w.df = {COMMON_WORD}) AS common
        ORDER BY idf DESC, c.document_id, c.starts_at LIMIT {RANKED}
    ), seen AS MATERIALIZED (
        SELECT m.document_id, m.starts_at, s.place, sum(cardinality(l.positions))::float8 AS times,
            max(('A' = ANY (l.weights))::integer) AS titled
        FROM matched m CROSS JOIN LATERAL unnest(m.lexemes) AS l
        JOIN (SELECT place, unnest(lexemes) AS lexeme FROM weighed) AS s USING (lexeme)
        GROUP BY m.document_id, m.starts_at, s.place
    ), ranked AS (
        SELECT m.document_id, m.starts_at, m.ends_at, m.idf, sum(w.idf * CASE
            WHEN seen.times > 0 THEN {TITLE_WEIGHT} * seen.titled + {K1 + 1} * seen.times / (seen.times
                + {K1} * ({1 - B}::float8 + {B} * (m.ends_at - m.starts_at) / {MAX_PASSAGE}))
            WHEN m.lexemes @@ w.part THEN {PART} ELSE 0 END) AS score
        FROM matched m CROSS JOIN weighed w LEFT JOIN seen USING (document_id, starts_at, place)
        GROUP BY m.document_id, m.starts_at, m.ends_at, m.idf
    ), scored AS (
        SELECT DISTINCT ON (document_id) * FROM ranked ORDER BY document_id, score DESC, starts_at
    )
    SELECT s.document_id, s.starts_at, s.ends_at,
           least(s.score / w.idf / {K1 + 1 + TITLE_WEIGHT}, 1), least(s.idf / w.idf, 1)
    FROM (SELECT * FROM scored ORDER BY score DESC, document_id LIMIT $4::integer) AS s CROSS JOIN wanted w
    ORDER BY s.score DESC, s.document_id"""

# Behind the fence no index leads from words to passages, so the best are found before, and shown here.
READ_PASSAGES = """
    SELECT d.document_id, d.url, d.title, substr(d.text, p.starts_at + 1, p.ends_at - p.starts_at)
    FROM unnest($2::bigint[], $3::integer[], $4::integer[]) AS p(document_id, starts_at, ends_at)
    JOIN documents d ON d.document_id = p.document_id AND d.tenant = $1::text"""


class RankedPassage(Struct, frozen=True):
    """The place in a document that answers a question best."""

    document_id: int
    starts_at: int  # characters into the document's text
    ends_at: int
    score: float  # 0..1, comparable within one search
    coverage: float  # 0..1: the share of the question, weighed by rarity, whose words are in here


class ShownPassage(Struct, frozen=True):
    """The words at a place in a document."""

    url: str
    title: str
    text: str


class CorpusPassage(Struct, frozen=True):
    """A passage that answers a question best."""

    url: str
    title: str
    text: str
    starts_at: int  # characters into the document's text
    ends_at: int
    score: float  # 0..1, comparable within one search
    coverage: float  # 0..1: the share of the question, weighed by rarity, whose words are in here


async def find(
    engine: Engine, caller: Caller, query: str, limit: int, collections: Sequence[str] = ()
) -> list[CorpusPassage]:
    """The best passage of each of at most `limit` documents, best first."""
    best = await rank(engine, caller, query, limit, collections)
    shown = await show(engine, caller, [(one.document_id, one.starts_at, one.ends_at) for one in best])
    return [
        CorpusPassage(*astuple(shown[one.document_id]), *astuple(one)[1:])
        for one in best
        if one.document_id in shown
    ]


async def rank(
    engine: Engine, caller: Caller, query: str, limit: int, collections: Sequence[str] = ()
) -> list[RankedPassage]:
    """Return the best place in each of at most `limit` documents.

    The query is a question or a few words; nothing in it is syntax. `collections` are those that the
    documents are in one of; empty: all documents.
    """
    text = folded(storable(query))[:MAX_SEARCH_TEXT]
    asked = _asked(text, languages.detect(text))
    best = await fetch(engine, FIND, *asked, limit, list(collections) or None, caller.tenant)
    return [RankedPassage(*row) for row in best]


async def show(
    engine: Engine, caller: Caller, places: Sequence[tuple[int, int, int]]
) -> dict[int, ShownPassage]:
    """Return the words of places, by document.

    A place is a document, its start and its end. One that is gone is left out.
    """
    columns = [[place[column] for place in places] for column in range(3)]
    rows = await fetch_own(engine, caller, READ_PASSAGES, *columns) if places else []
    return {row[0]: ShownPassage(*row[1:]) for row in rows}


def _asked(query: str, language: str) -> tuple[str, str, list[str]]:
    """Return a query's words, language and character pairs for Postgres.

    The language drops some of the words.
    """
    spoken = languages.without_asking(query, language) if language != "en" else query
    pairs = dict.fromkeys(word for word in languages.words(spoken) if languages.is_paired(word))
    return languages.without_pairs(spoken), language, list(pairs)[:MAX_PAIRS]
