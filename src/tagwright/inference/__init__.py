"""Labelers at work: streams of documents in, the same documents with spans out."""
