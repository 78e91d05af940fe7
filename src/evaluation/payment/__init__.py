"""From published numbers to an amount: evidence, decision, risk."""
