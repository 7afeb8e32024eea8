"""Verbs that train many times, to choose or to compare."""
