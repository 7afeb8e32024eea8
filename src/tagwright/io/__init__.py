"""Files in and out: every kind of labelled file to documents and back. Never loads torch."""
