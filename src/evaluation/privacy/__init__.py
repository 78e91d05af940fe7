"""Names to codes, the linkage table, and the right to erasure."""
