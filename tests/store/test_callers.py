"""Every function of the store knows its reader, or says why not."""

import ast
import re
from pathlib import Path

from app.store.tables import metadata

ROOT = Path(__file__).parents[2]
STORE = ROOT / "app" / "store"
OWNED = {
    *("events", "jobs", "blobs", "documents", "passages", "originals", "original_chunks"),
    *("shares", "stream_tokens", "job_marks", "saved_filters", "data_keys", "provider_keys"),
    *("ingestions", "ingestion_events", "embedding_models", "unembedded", "embedding_uses"),
    *("webhook_endpoints", "webhook_deliveries", "webhook_attempts", "hidden_responses"),
}

LOG = "how far logs go, of jobs whose head the API has asked for as the caller"
WRITES = "a change of a job, which was decided on the job itself"
WORKER = "a worker's, who works for all tenants"
OPERATOR = "an operator's, who sees all tenants"
NAMED = "found by their SHA-256, which is in the log of a job"

WITHOUT = {
    "log.submit": WRITES,
    "log.append": WRITES,
    "log.holds": WRITES,
    "log.find_by_key": "takes the tenant of the request",
    "log.read_any": WORKER,
    "log.catch_up": WORKER,
    "log.load": WORKER,
    "log.load_each": WORKER,
    "reads.heads": LOG,
    "blobs.put": NAMED,
    "blobs.get": NAMED,
    "blobs.absent": NAMED,
    "blobs.damaged": OPERATOR,
    "page_numbers.page_numbers": NAMED,
    "event_feed.head": "a place in the log, and nothing that is there",
    "queue.claim": WORKER,
    "queue.claim_in_turn": WORKER,
    "queue.beat": WORKER,
    "queue.set_aside": WORKER,
    "queue.lost": WORKER,
    "queue.peek": WORKER,
    "queue.unanswered": WORKER,
    "queue.waiting": "how many wait of all tenants",
    "queue_figures.read_figures": OPERATOR,
    "webhook_deliveries.skip_ahead": WORKER,
    "webhook_deliveries.read_told": WORKER,
    "webhook_deliveries.move_cursor": WORKER,
    "webhook_deliveries.claim_due": WORKER,
    "webhook_deliveries.next_due": WORKER,
    "webhook_deliveries.record_try": WORKER,
    "webhook_deliveries.prune": WORKER,
    "webhook_endpoints.listening": WORKER,
    "webhook_endpoints.has_callbacks": WORKER,
    "webhook_endpoints.callbacks_of": WORKER,
    "webhook_endpoints.end_callbacks": WORKER,
    "ingestions.claim_ingestion": WORKER,
    "ingestions.beat_ingestion": WORKER,
    "ingestions.change_ingestion": WORKER,
    "ingestions.prune_ingestions": WORKER,
    "embedding_models.want_model": WORKER,
    "embedding_models.queue_missing": WORKER,
    "embedding_models.busy_models": WORKER,
    "embedding_models.own_scopes": WORKER,
    "embedding_models.leave_scope": WORKER,
    "embedding_models.searched_model": "takes the tenant whose server embeds, and tells a model's name",
    "embedding_models.claim_unembedded": WORKER,
    "embedding_models.beat": WORKER,
    "embedding_models.end": WORKER,
    "embedding_models.release": WORKER,
    "embedding_models.refuse": WORKER,
    "embedding_models.retry_refused": WORKER,
    "embedding_models.learn_dimensions": WORKER,
    "embedding_models.note_error": WORKER,
    "embedding_models.add_use": WORKER,
    "embedding_models.complete": WORKER,
    "embedding_models.count_unembedded": OPERATOR,
    "embedding_models.remove_some": WORKER,
    "passage_vectors.unembedded_passages": WORKER,
    "passage_vectors.store_vectors": WORKER,
    "stream_tokens.find_stream_token": "the token in the address is the key",
    "shares.find_shared": "the token in the address is the key",
    "workers.read_queue": OPERATOR,
    "archive_months.months": OPERATOR,
    "archive_months.require_over": OPERATOR,
    "archive_months.events": OPERATOR,
    "archive_months.detach": OPERATOR,
    "checkpoints.moved": OPERATOR,
    "condition.read_state": OPERATOR,
    "dump.dump_database": OPERATOR,
    "dump.load_dump": OPERATOR,
    "forget.plan_pages": OPERATOR,
    "forget.plan_job": OPERATOR,
    "forget.plan_jobs": OPERATOR,
    "history.known": OPERATOR,
    "history.histories": OPERATOR,
    "provider_keys.all_provider_keys": OPERATOR,
    "provider_keys.rotate_data_keys": OPERATOR,
    "provider_keys.count_openable": OPERATOR,
    "quotas.read_quotas": OPERATOR,
    "originals.sweep_originals": OPERATOR,
    "rebuild.rebuild": OPERATOR,
    "rebuild.rebuild_at": OPERATOR,
    "retention.due_jobs": OPERATOR,
    "upkeep_log.forget": OPERATOR,
    "upkeep_log.forget_beside": OPERATOR,
}


def statements(tree: ast.Module) -> dict[str, str]:
    """Return the module's SQL by name, each with what it includes."""
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = ast.unparse(node.value)
    return found


def reads_owned(node: ast.AsyncFunctionDef, texts: dict[str, str]) -> bool:
    """Say whether a function's SQL reaches a table of tenants' rows.

    It is followed however deep.
    """
    seen, todo = set[str](), [ast.unparse(node)]
    while todo:
        text = todo.pop()
        if re.search(rf"\b(FROM|JOIN|INTO|UPDATE)\s+(ONLY )?({'|'.join(OWNED)})\b", text):
            return True
        named = set(re.findall(r"\b_?[A-Za-z_]+\b", text)) & texts.keys() - seen
        seen |= named
        todo += [texts[name] for name in named]
    return False


def found() -> dict[str, bool]:
    """Say of each function reading tenants' rows whether it takes a caller."""
    answers = {}
    for path in sorted(STORE.glob("*.py")):
        tree = ast.parse(path.read_text())
        texts = statements(tree) | {
            node.name: ast.unparse(node)
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        for node in tree.body:
            if isinstance(node, ast.AsyncFunctionDef) and reads_owned(node, texts):
                names = [one.arg for one in (*node.args.args, *node.args.kwonlyargs)]
                answers[f"{path.stem}.{node.name}"] = "caller" in names
    return {name: has for name, has in answers.items() if not name.split(".")[1].startswith("_")}


def test_the_tables_of_tenants_are_those_that_there_are():
    assert metadata.tables.keys() >= OWNED


def test_no_function_of_the_store_forgets_its_caller():
    forgetful = {name for name, has_caller in found().items() if not has_caller}
    assert forgetful == WITHOUT.keys() & forgetful, "give these a caller"
    assert set(WITHOUT) == forgetful, "these are no exceptions any more"


def test_no_route_asks_the_database_itself():
    for path in (ROOT / "app" / "api").rglob("*.py"):
        names = {
            alias.name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ImportFrom) and node.module == "app.store.database"
            for alias in node.names
        }
        assert "fetch" not in names, path
