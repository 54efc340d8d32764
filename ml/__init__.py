"""Everything learned: vectors, interests, ranking, training, understanding, generation. Knows feed and accounts."""
