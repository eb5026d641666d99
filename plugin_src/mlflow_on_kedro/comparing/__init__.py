"""Two runs side by side: what differs, what may have caused it, and what followed from it."""
