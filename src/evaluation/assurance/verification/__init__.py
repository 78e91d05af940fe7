"""The questions a stranger asks of a report, each answered from its bytes."""
