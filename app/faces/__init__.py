"""Show jobs in other protocols, as pure folds of events."""
