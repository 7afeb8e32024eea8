"""The report of a run as one HTML page that needs nothing else. Knows reports; runs no model and writes no file."""
