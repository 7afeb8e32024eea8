"""Which entries are chosen: by documents, their gradients, and the highest of many scores."""
