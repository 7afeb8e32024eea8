"""Plain text on its way to rows of tokens."""
