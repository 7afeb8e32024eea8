"""Reading what transformers saved, from folders or the hub: errors say what to do, and no weight is left to chance."""
