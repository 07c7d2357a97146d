"""Find the passages that answer a question best.

The only SQL for it.
"""

from collections.abc import Sequence

from msgspec import Struct

from app.domain.caller import Caller
from app.store.database import Engine, fetch, storable
from app.text import languages
from app.text.passages import MAX_PASSAGE, folded

MAX_SEARCH_TEXT = 2000  # characters of a question that are looked at
MAX_SEARCH_WORDS = 80  # of a question that are looked for
MAX_PAIRS = 80  # of characters among them; a sentence in Thai has sixty
PART = 0.4  # of a word's weight, for a compound that has it as a part
RANKED = 60  # passages in which the words are counted
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
# - A count stops at 1000: beyond that a word is common, whatever the number of documents.
# - Candidates come from the words that are not common. If all are, a passage must have all of them. So
#   the number of passages that are scored is bounded too; the best of them are ranked by BM25.
# - A lexeme is quoted into a tsquery by hand, because parsing it again could cut it up.
# - A word in the title counts for all passages of the document, and once more.
# - The words are counted in all documents of the tenant, also where collections restrict which are found.
#   Where no other tenant has documents, whose a passage is need not be looked up.
FIND = f"""
    WITH RECURSIVE others AS MATERIALIZED (
        SELECT EXISTS (SELECT FROM documents WHERE tenant < $6::text)
            OR EXISTS (SELECT FROM documents WHERE tenant > $6) AS shared
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
    ), counted AS MATERIALIZED (
        SELECT lexemes, whole::tsquery, part::tsquery, word, (SELECT count(*) FROM
            (SELECT FROM passages p WHERE p.lexemes @@ word AND {_IS_OWN} LIMIT 1000) AS holding) AS df
        FROM words, concat_ws(' | ', whole, part) AS either, CAST(either AS tsquery) AS word
    ), total AS MATERIALIZED (
        SELECT greatest((SELECT reltuples FROM pg_class WHERE oid = 'passages'::regclass
                AND NOT (SELECT shared FROM others)),
            (SELECT count(*) FROM (SELECT FROM passages p WHERE {_IS_OWN}
                LIMIT CASE WHEN (SELECT shared FROM others) THEN 20000 ELSE 1000 END) AS first)
        )::float8 AS passages
    ), weighed AS MATERIALIZED (
        SELECT counted.*, ln(1 + passages / (df + 0.5)) AS idf FROM counted, total
    ), wanted AS MATERIALIZED (
        SELECT sum(idf) AS idf,
            coalesce(string_agg('(' || word::text || ')', ' | ') FILTER (WHERE df BETWEEN 1 AND 999),
                     string_agg('(' || word::text || ')', ' & ') FILTER (WHERE df > 0))::tsquery AS candidate
        FROM weighed
    ), candidates AS MATERIALIZED (
        SELECT p.document_id, p.starts_at, p.ends_at, p.lexemes
        FROM passages p WHERE p.lexemes @@ (SELECT candidate FROM wanted) AND {_IS_OWN}
            AND ($5::text[] IS NULL OR EXISTS (SELECT FROM documents d
                WHERE d.document_id = p.document_id AND d.collections && $5::text[]))
        LIMIT 20000
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


class CorpusPassage(Struct, frozen=True):
    """The place in a document that answers a question best."""

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
    """The best passage of each of at most `limit` documents, best first.

    The query is a question or a few words; nothing in it is syntax. `collections` are those that the
    documents are in one of; empty: all documents.
    """
    text = folded(storable(query))[:MAX_SEARCH_TEXT]
    asked = _asked(text, languages.detect(text))
    rows = await fetch(engine, FIND, *asked, limit, list(collections) or None, caller.tenant)
    return [CorpusPassage(*row) for row in rows]


def _asked(query: str, language: str) -> tuple[str, str, list[str]]:
    """Return a query's words, language and character pairs for Postgres.

    The language drops some of the words.
    """
    spoken = languages.without_asking(query, language) if language != "en" else query
    pairs = dict.fromkeys(word for word in languages.words(spoken) if languages.is_paired(word))
    return languages.without_pairs(spoken), language, list(pairs)[:MAX_PAIRS]
