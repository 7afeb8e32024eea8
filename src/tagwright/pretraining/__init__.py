"""Backbones trained or continued on plain text: its reading, its tokens, and what is learnt from it."""
