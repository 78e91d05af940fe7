"""Floor 5: what the locked protocol could find, before any answer exists."""
