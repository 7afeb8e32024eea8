"""Labelers in training: a thin subclass of transformers' Trainer. Knows no recipes and no files."""
