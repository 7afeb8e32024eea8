"""Trainings by the dozen, whatever they are for: each is a cell with a file of its own, and is never run twice."""
