"""Children who are missing: how many, and what they could do to the finding."""
