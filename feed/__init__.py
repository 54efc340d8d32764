"""Everything said and shown: posts, reactions, topics, groups, timelines, notices, pages. Knows accounts, never ml."""
