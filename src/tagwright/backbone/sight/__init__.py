"""Which layers look right: the plan, the masks that make a model obey it, and the probe that proves it did."""
