"""From a survey tool's export to the answers of a study: read as text, recognised by signature, converted by mapping."""
