"""A whole study drawn from known parameters."""
