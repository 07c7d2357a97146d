"""What other protocols show of a job: pure folds of its events, without a state of their own."""
