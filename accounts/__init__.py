"""People: who they are, whom they follow, block and mute, and what may be learned from them. Knows nothing of posts."""
