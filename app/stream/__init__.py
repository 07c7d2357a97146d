"""One hub a process: hears that something moved, reads it once, encodes it once, hands it to all readers."""
