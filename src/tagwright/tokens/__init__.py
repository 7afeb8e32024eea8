"""Words to token ids and back: alignment, windows, batches. Never loads a model."""
