"""Backbone and head joined into a labeler, and the folder it is saved in."""
