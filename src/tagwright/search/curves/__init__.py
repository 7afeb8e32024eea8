"""Learning curves: one dial of a recipe varied over few-shot sizes, with spreads of draws and of trainings."""
