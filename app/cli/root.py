"""The `dossier` command: the table of everything it can do."""

from inspect import cleandoc

import click

from app.cli.exits import in_help
from app.cli.group import LazyGroup
from dossier.version import __version__

COMMANDS = {
    "demo": ("app.cli.demo:demo", "Run a complete example, from question to cited report."),
    "ask": ("app.cli.asking:ask", "Ask a question, watch the research, print the report."),
    "submit": ("app.cli.asking:submit", "Submit a question without waiting, and print the job's id."),
    "follow": ("app.cli.asking:follow", "Follow a job live, from the start or from a cursor."),
    "answer": ("app.cli.questions:answer", "Answer the agent's questions, or review its plan."),
    "show": ("app.cli.job_commands:show", "Show one job."),
    "jobs": ("app.cli.job_commands:jobs", "List and search jobs, newest first."),
    "cancel": ("app.cli.job_commands:cancel", "Cancel a job."),
    "fork": ("app.cli.forking:fork", "Fork a job from any point of its history."),
    "diff": ("app.cli.forking:diff", "Compare two jobs: steps, sources, claims, cost."),
    "replay": ("app.cli.replaying:replay", "Replay a job's log with today's code."),
    "finish": ("app.cli.job_commands:finish_job", "Finish a job now, with what it has."),
    "report": ("app.cli.job_commands:report", "Print the report of a completed job."),
    "eval": ("app.cli.evaluating:evaluate", "Ask a file of questions, and measure the reports."),
    "why": ("app.cli.proof:why", "Show the evidence for a sentence of a report."),
    "bundle": ("app.cli.proof:bundle", "Save a job as one file to check offline."),
    "estimate": ("app.cli.offers:estimate", "Estimate what a job would take, without submitting it."),
    "capabilities": ("app.cli.offers:capabilities", "Show what the server offers."),
    "ingest": ("app.cli.ingesting:ingest", "Add documents to search."),
    "documents": ("app.cli.document_commands:documents", "Search, list or remove ingested documents."),
    "serve": ("app.cli.serving:serve", "Run the API and a worker."),
    "mcp": ("app.cli.mcp:mcp", "Serve the Model Context Protocol over stdio."),
    "key": ("app.cli.keys:key", "Make, list and revoke API keys."),
    "tenant": ("app.cli.tenant_commands:tenant", "Make, list, suspend and resume tenants."),
    "costs": ("app.cli.cost_commands:costs", "Add up what was spent, by day, tenant, model or tag."),
    "quota": ("app.cli.quota_commands:quota", "Show and set what tenants may use."),
    "secret": (
        "app.cli.secret_commands:secret",
        "Keep tenants' own keys with model and search providers.",
    ),
    "share": ("app.cli.share_commands:share", "Make links to reports, and tokens for streams."),
    "mark": ("app.cli.library_commands:mark", "Make a job a favourite, note something, collect it."),
    "library": ("app.cli.library_commands:library", "List collections, save and delete filters."),
    "access": ("app.cli.access_commands:access", "List who asked for what, newest first."),
    "webhook": ("app.cli.webhook_commands:webhook", "Make webhook endpoints, and see what they got."),
    "worker": ("app.cli.serving:worker", "Run a worker without an API."),
    "workers": ("app.cli.worker_commands:workers", "List the workers, pause, resume or drain them."),
    "queue": ("app.cli.worker_commands:queue", "Show what waits, by priority and age."),
    "requeue": (
        "app.cli.requeueing:requeue",
        "Take a job from its worker and return it to the queue.",
    ),
    "retry": ("app.cli.requeueing:retry", "Retry failed jobs, each in a new job."),
    "models": (
        "app.cli.model_commands:models",
        "Show the configured language models, or test a call of each.",
    ),
    "doctor": ("app.cli.doctor:doctor", "Check settings, database, disk, clock, models, search and ports."),
    "sql": ("app.cli.sql:sql", "Query the jobs in SQL."),
    "migrate": ("app.cli.database_admin:migrate", "Upgrade the database to this version."),
    "logins": ("app.cli.login_commands:logins", "Make logins for API, workers and SQL users."),
    "verify": ("app.cli.audit:verify", "Check the log for changed, removed, added or cut events."),
    "checkpoint": ("app.cli.audit:checkpoint", "Bind the newest hashes of the log and export them."),
    "keygen": ("app.cli.audit:keygen", "Make a key that signs checkpoints and bundles."),
    "forget": ("app.cli.forgetting:forget", "Delete pages, prompts and replies permanently."),
    "retention": ("app.cli.retaining:retention", "Set how long data is kept, and delete what is due."),
    "archive": ("app.cli.archiving:archive", "Move old months of the log to files."),
    "backup": ("app.cli.backing_up:backup", "Write a copy of one moment into a new folder."),
    "restore": ("app.cli.backing_up:restore", "Load a backup into an empty database, and verify it."),
    "rebuild": ("app.cli.database_admin:rebuild", "Rebuild the jobs table from the log."),
}

OLD_NAMES = {"corpus": "documents"}  # that commands are still known by, and no help shows


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    old_names=OLD_NAMES,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: dossier demo",
)
@click.version_option(__version__, prog_name="dossier")
def dossier() -> None:
    """Deep research as a service, on an append-only log in Postgres.

    Commands talk to the server at DOSSIER_URL. Where that is not set, they run one themselves, on
    DATABASE_URL or on an embedded Postgres in DOSSIER_HOME (~/.dossier). A job's id may be short, or `last`.
    With --json an error is one object on standard error.
    """


dossier.help = f"{cleandoc(dossier.help or '')}\n\n\b\nExit codes:\n{in_help()}"
