"""Views that stay as they are."""

# What is built on them breaks when one of these goes; adding to the end of a view is fine.
STABLE = {
    "jobs": (
        "job_id tenant tags submitted_at day query effort priority metadata status stop_reason "
        "started_at ended_at queue_seconds run_seconds total_seconds attempts attempts_counted "
        "max_attempts calls model_calls searches pages_read input_tokens output_tokens cost_usd "
        "repeated_calls error_type error_message events forked_from outcome written_by failed_tries "
        "known_cost_usd unknown_cost_calls"
    ),
    "attempts": (
        "job_id tenant tags submitted_at day seq epoch attempt worker started_at ended_at "
        "waited_seconds seconds outcome error_type reason retry_at tried_again"
    ),
    "statuses": "job_id tenant tags submitted_at status seconds times first_at",
    "steps": (
        "job_id tenant tags submitted_at day seq step at tool enough_data task_completed "
        "current_situation plan_status reasoning_steps remaining_steps reused calls failed_calls "
        "model_ms tool_ms input_tokens output_tokens cost_usd"
    ),
    "calls": (
        "job_id tenant tags submitted_at day seq step key kind provider model about fallback reused "
        "try_number repeat outcome requested_at ended_at latency_ms input_tokens output_tokens "
        "searches pages cost_usd error_type error_message tried_again"
    ),
    "daily_cost": (
        "day tenant kind provider model calls failed_calls input_tokens output_tokens searches "
        "pages cost_usd unpriced_calls"
    ),
    "job_costs": "day tenant model tag jobs known_cost_usd unknown_cost_calls",
    "failures": (
        "job_id tenant tags submitted_at day failed_at level step kind provider model error_type "
        "error_message tried_again"
    ),
    "budgets": (
        "job_id tenant tags submitted_at status limit_name given_by allowed used share reached reached_at"
    ),
    "sources": (
        "job_id tenant tags submitted_at number url domain title found_at found_by read read_at "
        "size sha256 cited citations published language set_aside"
    ),
    "reports": (
        "job_id tenant tags submitted_at effort seq written_at title confidence stop_reason "
        "coverage support citations word_for_word sources_cited removed unverified characters "
        "bound authors"
    ),
    "citations": (
        "job_id tenant tags submitted_at place sentence number url domain quote starts_at ends_at score bound"
    ),
    "threads": "job_id tenant tags submitted_at thread question section steps pages passages dropped reason "
    "finding opened_at closed_at seconds",
    "marks": "job_id tenant tags submitted_at favourite note collections changed_at",
    "plans": "job_id tenant tags submitted_at version seq at adapted goal steps changes reason",
    "reasoning": (
        "job_id tenant tags submitted_at effort steps enough_at_step turned_back enough_at_end "
        "steps_after_enough plans_adapted searches reads reused_steps"
    ),
    "throughput_hourly": "hour tenant submitted started completed failed cancelled",
    "job_percentiles": (
        "day tenant jobs queue_median queue_p95 queue_p99 run_median run_p95 run_p99 total_median "
        "total_p95 total_p99"
    ),
    "call_percentiles": "day tenant kind provider model calls median_ms p95_ms p99_ms",
    "events": (
        "job_id tenant tags submitted_at day seq at type schema_version status progress actor epoch data hash"
    ),
}
