"""What the agent thought, found, read and wrote."""

from migrations.report_0002 import HEAD, HEAD_COLUMNS, View

# Of a url with a host: the host without "www."; of any other, such as pydoc:with, the scheme.
DOMAIN = """coalesce(regexp_replace(lower(substring({0} FROM '^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/:?#]+)')),
                    '^www[.]', ''), lower(substring({0} FROM '^([A-Za-z][A-Za-z0-9+.-]*):')))"""

SOURCES = View(
    "sources",
    "One row a source: a page that a search of the job returned, read or not, cited or not. From the log.",
    f"""
    SELECT {HEAD},
           s.number, s.url,
           {DOMAIN.format("s.url")} AS domain,
           s.title, s.found_at, s.found_by,
           s.read_at IS NOT NULL AS read,
           s.read_at, s.size, s.sha256,
           s.citations > 0 AS cited,
           s.citations
    FROM jobs j
    CROSS JOIN LATERAL (
        SELECT number, f.data->>'url' AS url, f.data->>'title' AS title, f.at AS found_at,
               f.data->>'found_by' AS found_by, r.read_at, r.size, r.sha256,
               coalesce(c.citations, 0) AS citations
        FROM (
            SELECT (p.data->>'number')::integer AS number, p.data, p.at
            FROM (
                SELECT e.data::jsonb AS data, e.occurred_at AS at
                FROM events e WHERE e.job_id = j.job_id AND e.type = 'source_found'
                OFFSET 0
            ) AS p
        ) AS f
        LEFT JOIN (
            SELECT DISTINCT ON (1) (e.data->>'number')::integer AS number, e.occurred_at AS read_at,
                   (e.data->>'size')::integer AS size, e.data->>'sha256' AS sha256
            FROM events e WHERE e.job_id = j.job_id AND e.type = 'page_read' ORDER BY 1, e.seq DESC
        ) AS r USING (number)
        LEFT JOIN (
            SELECT (claim->>'number')::integer AS number, count(*)::integer AS citations
            FROM events e CROSS JOIN LATERAL json_array_elements(e.data->'claims') AS claim
            WHERE e.job_id = j.job_id AND e.type = 'report_written' GROUP BY 1
        ) AS c USING (number)
        OFFSET 0
    ) AS s""",
    HEAD_COLUMNS
    | {
        "number": "The [n] of the report, fixed for good when the source was found.",
        "url": "Where it is.",
        "domain": "The host without www; of a url without a host, its scheme.",
        "title": "As the search gave it.",
        "found_at": "When a search first returned it.",
        "found_by": "The key of that search in report.calls.",
        "read": "True where its text was read and kept.",
        "read_at": "When; null where it was not read.",
        "size": "Bytes of its text.",
        "sha256": "Of its text, which is kept as a blob under this name.",
        "cited": "True where the report cites it.",
        "citations": "How many sentences of the report stand on it.",
    },
)

REPORTS = View(
    "reports",
    "One row a report: how well it is covered by citations, and how many of these hold. From the log.",
    f"""
    SELECT {HEAD},
           coalesce(j.request->>'effort', 'standard') AS effort,
           r.seq, r.written_at, r.title, r.confidence,
           (SELECT e.data->>'stop_reason' FROM events e
            WHERE e.job_id = j.job_id AND e.seq = j.seq) AS stop_reason,
           r.coverage, r.support, r.citations, r.word_for_word, r.sources_cited, r.removed, r.unverified,
           r.characters
    FROM jobs j
    CROSS JOIN LATERAL (
        SELECT p.seq, p.at AS written_at,
               p.data->>'title' AS title,
               p.data->>'confidence' AS confidence,
               (p.data->>'coverage')::numeric AS coverage,
               (p.data->>'support')::numeric AS support,
               jsonb_array_length(p.data->'claims') AS citations,
               (SELECT count(*) FROM jsonb_array_elements(p.data->'claims') AS claim
                WHERE (claim->>'score')::numeric = 1)::integer AS word_for_word,
               (SELECT count(DISTINCT claim->>'number') FROM jsonb_array_elements(p.data->'claims') AS claim
               )::integer AS sources_cited,
               coalesce(jsonb_array_length(p.data->'removed'), 0) AS removed,
               coalesce(jsonb_array_length(p.data->'unverified'), 0) AS unverified,
               length(p.data->>'content') AS characters
        FROM (
            SELECT e.seq, e.occurred_at AS at, e.data::jsonb AS data
            FROM events e WHERE e.job_id = j.job_id AND e.type = 'report_written'
            OFFSET 0
        ) AS p
        OFFSET 0
    ) AS r""",
    HEAD_COLUMNS
    | {
        "effort": "quick, standard or deep.",
        "seq": "Of the event report_written in the job's log.",
        "written_at": "When it was written.",
        "title": "Its title.",
        "confidence": "high, medium or low: the model's own word.",
        "stop_reason": "Why the research ended: answered, no_evidence, budget_reached, deadline, "
        "max_iterations or model_failed.",
        "coverage": "Share of the sentences that carry a citation that holds, 0 to 1.",
        "support": "Share of the written citations that hold, 0 to 1.",
        "citations": "Sentences with a quote: its rows in report.citations.",
        "word_for_word": "Those whose quote is in the page word for word.",
        "sources_cited": "Different sources that are cited.",
        "removed": "Citations that did not resolve and were taken out.",
        "unverified": "Sentences that stand on no quote.",
        "characters": "Length of the text.",
    },
)

CITATIONS = View(
    "citations",
    "One row a citation: a sentence of a report, and the quote in a stored page that it stands on. "
    "From the log.",
    f"""
    SELECT {HEAD},
           c.place, c.sentence, c.number, c.url,
           {DOMAIN.format("c.url")} AS domain,
           c.quote, c.starts_at, c.ends_at, c.score
    FROM jobs j
    CROSS JOIN LATERAL (
        SELECT r.place::integer AS place,
               r.claim->>'text' AS sentence,
               number,
               f.url,
               r.claim->>'quote' AS quote,
               (r.claim->>'start')::integer AS starts_at,
               (r.claim->>'end')::integer AS ends_at,
               (r.claim->>'score')::numeric AS score
        FROM (
            SELECT claim, place, (claim->>'number')::integer AS number
            FROM events e
            CROSS JOIN LATERAL jsonb_array_elements(e.data::jsonb->'claims')
                WITH ORDINALITY AS q (claim, place)
            WHERE e.job_id = j.job_id AND e.type = 'report_written'
        ) AS r
        LEFT JOIN (
            SELECT (e.data->>'number')::integer AS number, e.data->>'url' AS url
            FROM events e WHERE e.job_id = j.job_id AND e.type = 'source_found'
        ) AS f USING (number)
        OFFSET 0
    ) AS c""",
    HEAD_COLUMNS
    | {
        "place": "1, 2, 3 … in the order of the report.",
        "sentence": "The sentence of the report.",
        "number": "The source that it cites: [n].",
        "url": "Where that source is.",
        "domain": "As in report.sources.",
        "quote": "The words in the stored page.",
        "starts_at": "Where the quote begins, in characters of the stored page.",
        "ends_at": "Where it ends.",
        "score": "1 for a quote word for word; less where it shares most of the sentence's rare words.",
    },
)

PLANS = View(
    "plans",
    "One row a plan: the first of a job, and each that it was adapted to. From the log.",
    f"""
    SELECT {HEAD}, p.version, p.seq, p.at, p.version > 1 AS adapted, p.goal, p.steps, p.changes, p.reason
    FROM jobs j
    CROSS JOIN LATERAL (
        SELECT f.seq, f.at,
               (row_number() OVER (ORDER BY f.seq))::integer AS version,
               f.data->>'goal' AS goal,
               ARRAY(SELECT jsonb_array_elements_text(f.data->'steps')) AS steps,
               ARRAY(SELECT jsonb_array_elements_text(f.data->'changes')) AS changes,
               f.data->>'reason' AS reason
        FROM (
            SELECT e.seq, e.occurred_at AS at, e.data::jsonb AS data
            FROM events e WHERE e.job_id = j.job_id AND e.type IN ('plan_drafted', 'plan_adapted')
            OFFSET 0
        ) AS f
    ) AS p""",
    HEAD_COLUMNS
    | {
        "version": "1 for the first plan, 2 for what it became …",
        "seq": "Of the event plan_drafted or plan_adapted in the job's log.",
        "at": "When it was made.",
        "adapted": "False for the first plan.",
        "goal": "What is to be found out.",
        "steps": "In which steps.",
        "changes": "What is different from the plan before; empty for the first.",
        "reason": "Why; null for the first.",
    },
)

REASONING = View(
    "reasoning",
    "One row a job that reasoned: how straight its way was. From the log.",
    f"""
    SELECT {HEAD},
           coalesce(j.request->>'effort', 'standard') AS effort,
           r.steps, r.enough_at_step, r.turned_back, r.enough_at_end,
           coalesce(r.last_step - r.enough_at_step, 0) AS steps_after_enough,
           r.plans_adapted, r.searches, r.reads, r.reused_steps
    FROM jobs j
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE t.reasoned)::integer AS steps,
               min(t.step) FILTER (WHERE t.enough) AS enough_at_step,
               max(t.step) AS last_step,
               count(*) FILTER (WHERE NOT t.enough AND t.enough_before)::integer AS turned_back,
               (array_agg(t.enough ORDER BY t.seq DESC) FILTER (WHERE t.reasoned))[1] AS enough_at_end,
               count(*) FILTER (WHERE t.type = 'plan_adapted')::integer AS plans_adapted,
               count(*) FILTER (WHERE t.tool = 'web_search')::integer AS searches,
               count(*) FILTER (WHERE t.tool = 'read_pages')::integer AS reads,
               coalesce(max(t.reused_steps), 0) AS reused_steps
        FROM (
            SELECT f.seq, f.type, f.type = 'step_reasoned' AS reasoned,
                   (f.data->>'reused_turns')::integer AS reused_steps,
                   (f.data->>'step')::integer AS step,
                   f.data->'function'->>'tool' AS tool,
                   (f.data->'reasoning'->>'enough_data')::boolean AS enough,
                   lag((f.data->'reasoning'->>'enough_data')::boolean)
                       OVER (PARTITION BY f.type ORDER BY f.seq) AS enough_before
            FROM (
                SELECT e.seq, e.type, e.data::jsonb AS data
                FROM events e
                WHERE e.job_id = j.job_id AND e.type IN ('step_reasoned', 'plan_adapted', 'job_forked')
                OFFSET 0
            ) AS f
        ) AS t
        HAVING count(*) FILTER (WHERE t.reasoned) > 0
    ) AS r""",
    HEAD_COLUMNS
    | {
        "effort": "quick, standard or deep.",
        "steps": "Turns in which the model filled the schema.",
        "enough_at_step": "The first step at which it said enough_data; null where it never did.",
        "turned_back": "How often enough_data turned false again after it had been true.",
        "enough_at_end": "What it said of enough_data in its last step.",
        "steps_after_enough": "Steps after the first one with enough_data; the report itself is one.",
        "plans_adapted": "How often the plan was changed.",
        "searches": "Steps that searched.",
        "reads": "Steps that read pages.",
        "reused_steps": "The first so many of its steps are those of the job from which it was forked.",
    },
)

VIEWS = (SOURCES, REPORTS, CITATIONS, PLANS, REASONING)
