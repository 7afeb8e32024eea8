"""What formats are made of: marks and escapes, frames, names of labels, alignment. Knows no document and no task."""
