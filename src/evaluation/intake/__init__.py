"""From raw files to a checked study."""
