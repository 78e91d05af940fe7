"""The estimators of the effect, by their ids."""
