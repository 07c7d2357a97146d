"""Find the page numbers of quotes in stored texts."""

from collections.abc import Sequence

from app.store.database import Engine, fetch

# Form feeds part the pages; the bodies stay in Postgres.
PAGE_NUMBERS = """
    WITH texts AS MATERIALIZED (
        SELECT sha256, convert_from(body, 'UTF8') AS text FROM blobs
        WHERE sha256 = ANY ($1::text[]) AND position('\\x0c'::bytea IN body) > 0
    )
    SELECT place, length(head) - length(replace(head, chr(12), '')) + 1
    FROM unnest($1::text[], $2::integer[]) WITH ORDINALITY AS wanted (sha256, start, place)
    JOIN texts USING (sha256) CROSS JOIN LATERAL substr(text, 1, start) AS head"""


async def page_numbers(engine: Engine, places: Sequence[tuple[str, int]]) -> list[int | None]:
    """Return the page, from 1, of each place.

    A place is the sha256 of a text, and a character of it.

    None where the text has no pages, or is not kept.
    """
    if not places:
        return []
    rows = await fetch(engine, PAGE_NUMBERS, [name for name, _ in places], [start for _, start in places])
    found = {int(row[0]): int(row[1]) for row in rows}
    return [found.get(place) for place in range(1, len(places) + 1)]
