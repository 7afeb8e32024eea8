"""Pairs of training documents that a model is shown instead of learning them, and those for a question."""
