"""Runs: what is told before the first step, training and scores, folds in place of dev, and the folder they fill."""
