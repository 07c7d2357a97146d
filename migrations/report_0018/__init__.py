"""Define revision 0018's additions to the schema `report`.

Frozen.
"""

from migrations.report_0002 import View
from migrations.report_0002.calls import STEPS
from migrations.report_0011 import CITATIONS_NOW as CITATIONS

STEPS_NOW = View(
    STEPS.name,
    STEPS.about,
    STEPS.sql.replace(
        "s.output_tokens, s.cost_usd\n",
        "s.output_tokens, s.cost_usd, s.known_cost_usd,\n           s.unknown_cost_calls\n",
    ).replace(
        "ELSE coalesce(c.cost_usd, 0) END AS cost_usd\n",
        """ELSE coalesce(c.cost_usd, 0) END AS cost_usd,
               coalesce(c.cost_usd, 0) AS known_cost_usd,
               coalesce(c.unpriced, 0)::integer AS unknown_cost_calls
""",
    ),
    STEPS.columns
    | {
        "known_cost_usd": "What is known of the turn's cost, in US dollars: it cost at least this.",
        "unknown_cost_calls": "Calls of the turn of unknown price, which known_cost_usd leaves out.",
    },
)

CITATIONS_NOW = View(
    CITATIONS.name,
    CITATIONS.about,
    CITATIONS.sql.replace("c.score, c.bound\n", "c.score, c.bound, c.embedded, c.given\n").replace(
        "AS bound\n",
        """AS bound,
               coalesce((r.claim->>'embedded')::boolean, false) AS embedded,
               coalesce((r.claim->>'given')::boolean, false) AS given
""",
    ),
    CITATIONS.columns
    | {
        "embedded": "True where the quote was found by embedding, because words alone found none.",
        "given": "True where the model gave the quote itself.",
    },
)

VIEWS = (STEPS_NOW, CITATIONS_NOW)
