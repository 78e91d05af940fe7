"""Signatures as they are read: certificates, chains, time stamps, and every revision of a signed PDF."""
