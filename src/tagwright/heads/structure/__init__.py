"""Scores of spans and of pairs of spans, and the beams that keep both few. For the head `pairs`."""
