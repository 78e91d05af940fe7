"""The page of what was found in a study."""
