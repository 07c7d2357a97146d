"""Read pages of the web from this machine."""
