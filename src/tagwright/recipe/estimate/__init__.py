"""What a run will cost, told before it starts. Reads a model's config and tokenizer, never its weights."""
