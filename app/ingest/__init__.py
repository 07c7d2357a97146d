"""Files and what comes with the machine, as documents for the corpus."""
