"""How a backbone learns from rows of tokens: the loss, the optimizers, the trainer."""
