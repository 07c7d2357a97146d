"""Find the passages that answer a question best.

The only SQL for it.
"""

from collections.abc import Sequence

from msgspec import Struct

from app.domain.caller import Caller
from app.store.database import Engine, fetch, fetch_own, storable
from app.text import languages
from app.text.passages import folded

MAX_SEARCH_TEXT = 2000  # characters of a question that are looked at
MAX_SEARCH_WORDS = 80  # of a question that are looked for
MAX_PAIRS = 80  # of characters among them; a sentence in Thai has sixty
PART = 0.4  # of a word's weight, for a compound that has it as a part
COMMON_WORD = 1000  # passages that have a word; one that is in more of them is common
LED = 2000  # passages with the rarest words, in which the common ones are looked for
COMMON_WORDS = 8  # that are looked for there, the rarest of them
NARROWED = 5  # ways to look for common words where there are no others
OF_ONE = 6  # passages of one document that are ranked; a book must not hide the notes beside it
RANKED = 60  # passages in which the words are counted
K1, B = 1.2, 0.75  # of BM25
NOTE_LENGTH = 200  # characters; among passages below that, a longer one says no less about its words
TITLE_WEIGHT = 0.8  # of a word's weight, once more where the title has it
FULL_SCORE = 2.87  # of a word, of 3 at most; on this scale the weights of `extractive/weights.py` were fitted

# The planner believes that a look at a passage is cheap and that one in 200 has what it cannot see yet. So it
# would read them all, but for the price of this condition, which is never worked out.
_BY_INDEX = """((SELECT true FROM given) OR EXISTS (
                SELECT FROM documents d WHERE d.document_id = p.document_id))"""


def _quoted(lexeme: str) -> str:
    """Return SQL that quotes a lexeme into a tsquery.

    Parsing it as a word could cut it up.
    """
    return f"'''' || replace(replace({lexeme}, '\\', '\\\\'), '''', '''''') || ''''"


# The words of the question, and how each is looked for.
# - The planner sees none of the parameters. If it saw one, a plan for its value alone would look cheaper, and
#   each search would be planned anew, which took longer than a search of few documents.
# - A question searches the documents of every language. The parser counts the words of a text alike in
#   all configurations, so the lexemes that they make of one word are found by its position: they are
#   one word with several spellings. A word that the question's own language drops is none; if that
#   language is not known, a word that any of them drops.
# - A part of a compound counts PART of the whole word, and only where that is missing.
# - The tenant and the collections of a passage are among its lexemes, as labels. Where no other tenant has
#   documents, the tenant's is not looked for. An index has the first and the last tenant at its ends; a
#   condition on all others made the planner read the whole table.
_QUESTION_WORDS = f"""
    given AS MATERIALIZED (
        SELECT $1::text AS question, $2::text AS language, $3::text[] AS pairs, $4::integer AS most,
            $5::text[] AS collections, $6::text AS tenant
    ), others AS MATERIALIZED (
        SELECT (SELECT min(tenant) FROM documents) < tenant
            OR (SELECT max(tenant) FROM documents) > tenant AS shared FROM given
    ), scope AS MATERIALIZED (
        SELECT own, coalesce(own && wanted, own, wanted) AS within FROM (
            SELECT CASE WHEN shared THEN ({_quoted("'@t:' || tenant")})::tsquery END AS own,
                (SELECT string_agg({_quoted("'@c:' || name")}, ' | ')
                 FROM unnest(collections) AS name)::tsquery AS wanted
            FROM given CROSS JOIN others) AS labels
    ), spoken AS (
        (SELECT language FROM documents WHERE tenant = (SELECT tenant FROM given) ORDER BY language LIMIT 1)
        UNION ALL
        SELECT (SELECT d.language FROM documents d WHERE d.tenant = (SELECT tenant FROM given)
                AND d.language > s.language ORDER BY d.language LIMIT 1)
        FROM spoken s WHERE s.language IS NOT NULL
    ), configs AS MATERIALIZED (
        SELECT search_config((SELECT language FROM given)) AS config
        UNION SELECT search_config(language) FROM spoken WHERE language IS NOT NULL
    ), asked AS MATERIALIZED (
        SELECT c.config, c.config = search_config((SELECT language FROM given)) AS is_own, w.lexeme, place
        FROM configs c CROSS JOIN unnest(to_tsvector(c.config, (SELECT question FROM given))) AS w
        CROSS JOIN unnest(w.positions) AS place
    ), spelled AS (
        SELECT DISTINCT first.place, a.lexeme
        FROM (SELECT lexeme, min(place) AS place FROM asked WHERE is_own GROUP BY lexeme) AS first
        JOIN asked a USING (place)
        WHERE (SELECT language FROM given) <> '' OR (SELECT count(*) FROM configs)
            = (SELECT count(DISTINCT b.config) FROM asked b WHERE b.place = first.place)
        UNION
        SELECT 20000 + pair.place, pair.lexeme
        FROM unnest((SELECT pairs FROM given)) WITH ORDINALITY AS pair (lexeme, place)
    ), words AS MATERIALIZED (
        SELECT place, array_agg(lexeme) AS lexemes, string_agg(quote, ' | ')::tsquery AS whole,
            (string_agg(overlay(quote PLACING '''+' FROM 1 FOR 1) || ':*', ' | ')
                FILTER (WHERE length(lexeme) >= 4 AND lexeme !~ '[^[:alpha:]]'
                    AND EXISTS (SELECT FROM spoken WHERE language IN ('de', 'nl'))))::tsquery AS part
        FROM (SELECT *, {_quoted("lexeme")} AS quote FROM spelled) AS quoted
        GROUP BY place ORDER BY place LIMIT {MAX_SEARCH_WORDS}
    )"""

# How rare each word is among the passages. One that no passage has weighs most, so a question about something
# else scores low however often its other words occur.
# - The statistics that Postgres keeps of a column tell in how many passages the commonest words are. Counting
#   them, even up to a bound, makes the index list all of those passages: half the time of a search.
# - Of all other words the passages themselves are listed, and the count stops at COMMON_WORD.
# - The words are counted in all documents of the tenant, also where collections restrict which are found.
#   Where there are other tenants, the statistics of all tell what is common in this one's for certain: more
#   passages have the word than the others have passages.
_WEIGHTS = f"""
    known AS MATERIALIZED (
        SELECT one.lexeme, one.share FROM pg_class c
        JOIN pg_stats s ON s.schemaname = c.relnamespace::regnamespace::text
        CROSS JOIN unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) AS one (lexeme, share)
        WHERE c.oid = 'passages'::regclass AND s.tablename = 'passages' AND s.attname = 'lexemes'
    ), listed AS MATERIALIZED (
        SELECT reltuples AS passages, reltuples * CASE WHEN shared THEN coalesce(
            (SELECT share FROM known WHERE lexeme = '@t:' || tenant), 0) ELSE 1 END AS own
        FROM pg_class CROSS JOIN given CROSS JOIN others WHERE oid = 'passages'::regclass
    ), total AS MATERIALIZED (
        SELECT greatest(own, CASE WHEN shared THEN (SELECT count(*) FROM (
                SELECT FROM passages p WHERE p.lexemes @@ (SELECT own FROM scope) AND {_BY_INDEX}
                LIMIT CASE WHEN own > 0 THEN 1000 ELSE 20000 END) AS first)
            ELSE (SELECT count(*) FROM (SELECT FROM passages LIMIT 1000) AS first) END)::float8 AS passages,
            CASE WHEN shared THEN listed.passages - own ELSE 0 END AS of_others
        FROM listed CROSS JOIN others
    ), told AS MATERIALIZED (
        SELECT words.*, coalesce(whole && own, whole) AS own_whole, coalesce(part && own, part) AS own_part,
            (SELECT max(share) * total.passages FROM known WHERE lexeme = ANY (lexemes)
                AND share * (total.passages + of_others) - of_others >= {COMMON_WORD}) AS passages
        FROM words CROSS JOIN scope CROSS JOIN total
    ), held AS MATERIALIZED (
        SELECT w.place, h.* FROM told w CROSS JOIN LATERAL (
            SELECT tid, document_id, starts_at, max(share) AS share FROM (
                (SELECT p.ctid AS tid, p.document_id, p.starts_at, 1::float8 AS share FROM passages p
                 WHERE p.lexemes @@ w.own_whole AND {_BY_INDEX} LIMIT {COMMON_WORD})
                UNION ALL
                (SELECT p.ctid, p.document_id, p.starts_at, {PART} FROM passages p
                 WHERE p.lexemes @@ w.own_part AND {_BY_INDEX} LIMIT {COMMON_WORD})) AS either
            GROUP BY tid, document_id, starts_at) AS h
        WHERE w.passages IS NULL
    ), weighed AS MATERIALIZED (
        SELECT told.*, concat_ws(' | ', whole::text, part::text) AS either, held_by,
            ln(1 + total.passages / (held_by + 0.5)) AS idf
        FROM told LEFT JOIN (SELECT place, count(*) AS rows FROM held GROUP BY place) AS h USING (place)
        CROSS JOIN total CROSS JOIN LATERAL (
            SELECT coalesce(told.passages, least(coalesce(h.rows, 0), {COMMON_WORD})) AS held_by) AS counted
    )"""

# The passages that are worth counting the words in, told by the index alone.
# - Those with words that are not common. Which of the common ones they have too, the index tells fast, as it
#   need not list all passages with a common word.
# - If they are nowhere in the collections, or all words are common: those with all words, else with the four
#   rarest, the three rarest …
# So the number of passages that are read is bounded, and of all but RANKED only the first few bytes are.
_CANDIDATES = f"""
    rare AS MATERIALIZED (
        SELECT h.tid, h.document_id, h.starts_at, h.share * w.idf AS idf
        FROM held h JOIN weighed w USING (place)
        WHERE w.held_by < {COMMON_WORD} AND ((SELECT collections FROM given) IS NULL OR EXISTS (
            SELECT FROM documents d WHERE d.document_id = h.document_id
              AND d.collections && (SELECT collections FROM given)))
    ), led AS MATERIALIZED (
        SELECT coalesce(query && within, query) AS query FROM (
            SELECT string_agg(either, ' | ')::tsquery AS query
            FROM (SELECT either, sum(held_by) OVER (ORDER BY held_by, place ROWS UNBOUNDED PRECEDING) AS up_to
                  FROM weighed WHERE held_by BETWEEN 1 AND {COMMON_WORD - 1}) AS word
            WHERE up_to <= {LED}) AS rarest CROSS JOIN scope
    ), beside AS MATERIALIZED (
        SELECT w.idf, p.* FROM (SELECT * FROM weighed WHERE held_by >= {COMMON_WORD}
            ORDER BY idf DESC, place LIMIT {COMMON_WORDS}) AS w
        CROSS JOIN LATERAL (
            SELECT p.ctid AS tid, p.document_id, p.starts_at FROM passages p
            WHERE p.lexemes @@ ((SELECT query FROM led) && w.whole) AND {_BY_INDEX} LIMIT {LED}) AS p
    ), narrowed AS (
        SELECT count(*) OVER rarest AS words,
            string_agg('(' || either || ')', ' & ') OVER rarest AS query
        FROM weighed WHERE held_by >= {COMMON_WORD} AND NOT EXISTS (SELECT FROM rare)
        WINDOW rarest AS (ORDER BY held_by, place ROWS UNBOUNDED PRECEDING)
    ), together AS (
        SELECT p.tid, p.document_id, p.starts_at, n.words
        FROM (SELECT words, coalesce(query::tsquery && within, query::tsquery) AS query
              FROM narrowed CROSS JOIN scope
              WHERE words < {NARROWED} OR words = (SELECT max(words) FROM narrowed) ORDER BY words DESC) AS n
        CROSS JOIN LATERAL (
            SELECT p.ctid AS tid, p.document_id, p.starts_at FROM passages p
            WHERE p.lexemes @@ n.query AND {_BY_INDEX} LIMIT {COMMON_WORD}) AS p
        LIMIT {COMMON_WORD}
    ), found AS (
        SELECT tid, document_id, starts_at, sum(idf) AS idf FROM (
            SELECT tid, document_id, starts_at, idf FROM rare
            UNION ALL SELECT tid, document_id, starts_at, idf FROM beside
            UNION ALL SELECT tid, document_id, starts_at, words FROM together) AS either
        GROUP BY tid, document_id, starts_at
    ), candidates AS MATERIALIZED (
        SELECT * FROM (SELECT *, row_number() OVER (
                PARTITION BY document_id ORDER BY idf DESC, starts_at) AS nth FROM found) AS one
        WHERE nth <= {OF_ONE} ORDER BY idf DESC, document_id, starts_at LIMIT {RANKED}
    )"""

# The best of them by BM25, a long one by its length beside that of the others that are ranked.
# - The lexemes of a passage are copied (|| ''), because each look at a stored one unpacks it again. Those of
#   the question get a weight of their own, by which they are taken out: unnesting all took ten times as long.
# - A word in the title counts for all passages of the document, and once more.
_BEST = f"""
    matched AS MATERIALIZED (
        SELECT c.document_id, c.starts_at, p.*, ts_filter(p.lexemes, '{{a}}') AS title
        FROM candidates c CROSS JOIN LATERAL (
            SELECT p.ends_at, p.lexemes || ''::tsvector AS lexemes FROM passages p
            WHERE p.ctid = c.tid LIMIT 1) AS p
    ), spellings AS MATERIALIZED (
        SELECT w.place, lexeme FROM words w CROSS JOIN unnest(w.lexemes) AS lexeme
    ), seen AS MATERIALIZED (
        SELECT m.document_id, m.starts_at, s.place, sum(cardinality(l.positions))::float8 AS times
        FROM matched m CROSS JOIN LATERAL unnest(ts_filter(
            setweight(m.lexemes, 'B', (SELECT array_agg(lexeme) FROM spellings)), '{{b}}')) AS l
        JOIN spellings s USING (lexeme)
        GROUP BY m.document_id, m.starts_at, s.place
    ), parted AS MATERIALIZED (
        SELECT m.document_id, m.starts_at, w.place FROM matched m JOIN weighed w ON m.lexemes @@ w.part
    ), ranked AS (
        SELECT m.document_id, m.starts_at, m.ends_at, sum(w.idf * has.share) AS idf,
            sum(w.idf * CASE WHEN seen.times > 0 THEN {TITLE_WEIGHT} * (m.title @@ w.whole)::integer
                + {K1 + 1} * seen.times / (seen.times
                + {K1} * ({1 - B}::float8 + {B} * m.length))
                ELSE has.share END) AS score
        FROM (SELECT document_id, starts_at, ends_at, title,
                (ends_at - starts_at)
                    / greatest(avg(ends_at - starts_at) OVER (), {NOTE_LENGTH})::float8 AS length
              FROM matched) AS m CROSS JOIN weighed w
        LEFT JOIN seen USING (document_id, starts_at, place)
        LEFT JOIN parted USING (document_id, starts_at, place)
        CROSS JOIN LATERAL (SELECT CASE WHEN seen.times > 0 THEN 1
            WHEN parted.place IS NOT NULL THEN {PART} ELSE 0 END AS share) AS has
        GROUP BY m.document_id, m.starts_at, m.ends_at
    ), best AS (
        SELECT DISTINCT ON (document_id) * FROM ranked ORDER BY document_id, score DESC, starts_at
    )"""

FIND = f"""
    WITH RECURSIVE {_QUESTION_WORDS}, {_WEIGHTS}, {_CANDIDATES}, {_BEST}
    SELECT b.document_id, b.starts_at, b.ends_at,
           least(b.score / whole.idf / {FULL_SCORE}, 1), least(b.idf / whole.idf, 1)
    FROM (SELECT * FROM best ORDER BY score DESC, document_id LIMIT (SELECT most FROM given)) AS b
    CROSS JOIN (SELECT sum(idf) AS idf FROM weighed) AS whole
    ORDER BY b.score DESC, b.document_id"""

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
