"""Truly sparse tuning: single weights move, and gradients and optimizer state exist for these only."""
