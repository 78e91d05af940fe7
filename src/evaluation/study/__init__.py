"""The study folder, format 1: what was agreed, asked and collected, as typed models."""
