"""Deliveries of webhooks for analysts."""

from alembic import op

from migrations.report_0002 import View

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# An address may have a secret in its path, so only its host is shown.
DELIVERIES = View(
    "webhook_deliveries",
    "One row a webhook message. One that is over stays for 30 days.",
    """
    SELECT d.delivery_id, e.tenant, d.endpoint_id, substring(e.url FROM '^[a-z]+://([^/:?#]+)') AS host,
           d.job_id, d.seq, d.type, d.state, d.attempts, d.created_at,
           CASE WHEN d.state = 'pending' THEN d.next_at END AS next_at,
           last.status AS last_status, last.error AS last_error, last.at AS last_at,
           CASE WHEN d.state = 'delivered' THEN last.at END AS delivered_at
    FROM webhook_deliveries d JOIN webhook_endpoints e USING (endpoint_id)
    LEFT JOIN LATERAL (SELECT a.status, a.error,
                              a.at + coalesce(a.milliseconds, 0) * interval '1 ms' AS at
                       FROM webhook_attempts a WHERE a.delivery_id = d.delivery_id
                       ORDER BY a.number DESC LIMIT 1) AS last ON true""",
    {
        "delivery_id": "The message; its header webhook-id is msg_ and this id without hyphens.",
        "tenant": "Whose endpoint it is.",
        "endpoint_id": "The endpoint, as in dossier webhook list.",
        "host": "The host that it goes to.",
        "job_id": "The job that it is about.",
        "seq": "The event that it tells.",
        "type": "Such as job.completed.",
        "state": "pending; delivered; failed for three days or by a 410; dropped with its endpoint.",
        "attempts": "Tries so far.",
        "created_at": "When the event was turned into the message.",
        "next_at": "When it is tried next; null once it is over.",
        "last_status": "The answer to the last try; null where there was none.",
        "last_error": "Why the last try had no answer.",
        "last_at": "When the last try ended.",
        "delivered_at": "When it was taken with 2xx.",
    },
)


def upgrade() -> None:
    """Make the view."""
    for statement in (
        *DELIVERIES.statements(),
        "GRANT SELECT ON report.webhook_deliveries TO dossier_report",
    ):
        op.get_bind().exec_driver_sql(statement)
