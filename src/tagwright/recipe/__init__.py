"""A whole run as one file: the recipe, and what is built and done from it."""
