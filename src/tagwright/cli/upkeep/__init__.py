"""Verbs for models that are there: whether they are well, and how they leave."""
