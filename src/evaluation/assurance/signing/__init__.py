"""Signatures as they are made: token, certificate or outside program, appearance, authorities."""
