"""What verbs share: options for files, a counter, tables and coloured text."""
