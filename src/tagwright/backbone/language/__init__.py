"""Whole language models, which write: loading, marks in their vocabulary, and what they lose on a text."""
