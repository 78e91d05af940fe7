"""What would have happened without the programme: samples, estimators, inference."""
