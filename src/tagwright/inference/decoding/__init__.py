"""Other ways to choose what is written than the best token at each step."""
