"""Gold documents against predicted documents: scores, reports, comparisons. Knows no model, loads no torch."""
