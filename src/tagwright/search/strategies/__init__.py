"""Ways to search: each says which cells to train, and ranks the plans by what came of them."""
