"""Provenance, sums, signature and verification: what lets a stranger check a report."""
