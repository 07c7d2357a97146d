"""Define revision 0011's additions to the schema `report`.

Frozen.
"""

from migrations.report_0002 import View
from migrations.report_0002.research import CITATIONS, REPORTS

REPORTS_NOW = View(
    REPORTS.name,
    REPORTS.about,
    REPORTS.sql.replace("           r.characters\n", "           r.characters, r.bound, r.authors\n").replace(
        "AS characters\n",
        """AS characters,
               (SELECT count(*) FROM jsonb_array_elements(p.data->'claims') AS claim
                WHERE (claim->>'bound')::boolean)::integer AS bound,
               (SELECT array_agg(part->>'author' ORDER BY place)
                FROM jsonb_array_elements(p.data->'parts') WITH ORDINALITY AS q (part, place)) AS authors
""",
    ),
    REPORTS.columns
    | {
        "bound": "Citations that the system added to sentences of the model, because a page says the same.",
        "authors": "Who wrote each part, in order: model, stand_in or extractive. Null where one author "
        "wrote the whole: see written_by in report.jobs.",
    },
)

CITATIONS_NOW = View(
    CITATIONS.name,
    CITATIONS.about,
    CITATIONS.sql.replace("c.ends_at, c.score\n", "c.ends_at, c.score, c.bound\n").replace(
        "AS score\n",
        """AS score,
               coalesce((r.claim->>'bound')::boolean, false) AS bound
""",
    ),
    CITATIONS.columns | {"bound": "True where the system added the citation, not the model."},
)

VIEWS = (REPORTS_NOW, CITATIONS_NOW)
