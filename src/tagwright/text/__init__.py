"""What the data is: documents, spans, relations, labels and schemes. Pure Python: no torch, no files."""
