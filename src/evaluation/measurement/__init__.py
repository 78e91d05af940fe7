"""From answers to scores, and how far to trust them."""
