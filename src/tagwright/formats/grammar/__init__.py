"""Constrained decoding: the language of a part's targets as an automaton over a tokenizer's ids. Never loads torch."""
