"""Scores that are probabilities: fitted on predicted documents against gold, kept with a model. Loads no torch."""
