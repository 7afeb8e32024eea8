"""The forms that a table's rows may have, and how each is read. Looks at rows, never at files."""
