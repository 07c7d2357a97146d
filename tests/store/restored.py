"""A database that was restored."""

RESTORED = """
    INSERT INTO events (job_id, seq, type, schema_version, status, progress, data, actor, epoch, occurred_at,
                        prev_hash, hash, xid)
    VALUES ($1, $2, 'call_failed', 1, 'running', 0, '{}', 'worker:w', 1, now(), '', '', $3)"""
