"""What the data is: documents, spans, relations, labels and schemes. Pure Python: never loads torch, never opens a file."""
