"""Evidence: verify the log, sign checkpoints, archive months, bundle a job."""
