"""`dossier webhook` makes endpoints, and shows and resends what they got."""

import click

from app.cli.printing import print_table
from app.cli.server_connection import connect
from app.cli.terminal import complain, line, one_of, print_json
from dossier.webhook_types import USUAL_TYPES, WEBHOOK_TYPES, Webhook, WebhookDelivery, WebhookType

ENDPOINT_EXAMPLE = "0199d2a4-5c3b-7000-8000-3f1a5b7c9d00"


@click.group(epilog="Example: dossier webhook create https://app.example.com/hooks")
def webhook() -> None:
    """Make webhook endpoints, and see what they got."""


@webhook.command(epilog="Example: dossier webhook create https://app.example.com/hooks --style openai")
@click.argument("url")
@click.option(
    "--event",
    "events",
    multiple=True,
    type=click.Choice(WEBHOOK_TYPES),
    metavar="TYPE",
    help=f"{one_of(WEBHOOK_TYPES)} Repeatable; default: all but job.submitted.",
)
@click.option("--style", default="dossier", show_default=True, type=click.Choice(("dossier", "openai")))
@click.option("--json", "as_json", is_flag=True, help="Print the endpoint and its secret as JSON.")
def create(url: str, events: tuple[WebhookType, ...], style: str, *, as_json: bool) -> None:
    """Make an endpoint and print its secret once."""
    with connect() as dossier:
        made = dossier.create_webhook(url, events=events or USUAL_TYPES, style=style)  # type: ignore[arg-type]
    if as_json:
        print_json(made)
        return
    click.echo(made.secret)
    complain(f"Webhook {made.webhook.endpoint_id} is made. Its secret is shown only once.")


@webhook.command("list", epilog="Example: dossier webhook list --json")
@click.option("--json", "as_json", is_flag=True, help="Print the endpoints as JSON.")
def list_endpoints(*, as_json: bool) -> None:
    """List the endpoints, never their secrets."""
    with connect() as dossier:
        found = dossier.webhooks()
    if as_json:
        print_json(found)
        return
    rows = [(str(one.endpoint_id), one.url, " ".join(one.events), _state(one)) for one in found.webhooks]
    none = "No endpoints yet. Make one: dossier webhook create URL"
    print_table(("Id", "Url", "Events", "State"), rows, empty=none)


@webhook.command(epilog=f"Example: dossier webhook rotate {ENDPOINT_EXAMPLE}")
@click.argument("endpoint_id")
@click.option("--json", "as_json", is_flag=True, help="Print the endpoint and its secret as JSON.")
def rotate(endpoint_id: str, *, as_json: bool) -> None:
    """Make a new secret, with the old one valid for 24 hours."""
    with connect() as dossier:
        made = dossier.rotate_webhook(endpoint_id)
    if as_json:
        print_json(made)
    else:
        click.echo(made.secret)


@webhook.command(epilog=f"Example: dossier webhook enable {ENDPOINT_EXAMPLE}")
@click.argument("endpoint_id")
@click.option("--json", "as_json", is_flag=True, help="Print the endpoint as JSON.")
def enable(endpoint_id: str, *, as_json: bool) -> None:
    """Enable an endpoint that was disabled."""
    with connect() as dossier:
        found = dossier.enable_webhook(endpoint_id)
    if as_json:
        print_json(found)
    else:
        click.echo(f"Webhook {endpoint_id} is {_state(found)}.")


@webhook.command(epilog=f"Example: dossier webhook delete {ENDPOINT_EXAMPLE}")
@click.argument("endpoint_id")
@click.option("--json", "as_json", is_flag=True, help="Print the id as JSON.")
def delete(endpoint_id: str, *, as_json: bool) -> None:
    """Delete an endpoint, its secret and what waits for it."""
    with connect() as dossier:
        dossier.delete_webhook(endpoint_id)
    if as_json:
        print_json({"endpoint_id": endpoint_id})
    else:
        click.echo(f"Webhook {endpoint_id} is deleted.")


@webhook.command(epilog=f"Example: dossier webhook deliveries {ENDPOINT_EXAMPLE}")
@click.argument("endpoint_id")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 100))
@click.option("--cursor", help="The `next_cursor` of the page before.")
@click.option("--json", "as_json", is_flag=True, help="Print {deliveries, next_cursor} as JSON.")
def deliveries(endpoint_id: str, limit: int, cursor: str | None, *, as_json: bool) -> None:
    """List what was delivered, and each attempt."""
    with connect() as dossier:
        page = dossier.webhook_deliveries(endpoint_id, limit=limit, cursor=cursor)
    if as_json:
        print_json(page)
        return
    names = ("Id", "Job", "Event", "State", "Attempts", "Last")
    print_table(
        names, list(map(_cells, page.deliveries)), right=("Attempts",), empty="Nothing was delivered yet."
    )
    if page.next_cursor:
        line(f"More: --cursor {page.next_cursor}")


@webhook.command(epilog="Example: dossier webhook resend ENDPOINT_ID DELIVERY_ID")
@click.argument("endpoint_id")
@click.argument("delivery_id")
@click.option("--json", "as_json", is_flag=True, help="Print the delivery as JSON.")
def resend(endpoint_id: str, delivery_id: str, *, as_json: bool) -> None:
    """Send a message again, under the same id."""
    with connect() as dossier:
        found = dossier.resend_webhook(endpoint_id, delivery_id)
    if as_json:
        print_json(found)
    else:
        click.echo(f"Message {found.message_id} is sent again.")


def _state(one: Webhook) -> str:
    return f"disabled: {one.disabled_reason}" if one.disabled_at else "enabled"


def _cells(one: WebhookDelivery) -> tuple[str, ...]:
    shown = (one.delivery_id, one.job_id, one.type, one.state, len(one.attempts), _last(one))
    return tuple(map(str, shown))


def _last(one: WebhookDelivery) -> str:
    if not one.attempts:
        return "not sent yet"
    last = one.attempts[-1]
    return str(last.status or last.error or "not recorded")
