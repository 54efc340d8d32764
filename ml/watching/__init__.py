"""How the ranker does, in figures: what people answered, what drifted, which arm did better. It decides nothing."""
