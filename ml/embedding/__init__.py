"""Text to vector, and what is near: knows posts and people by their vectors only, and no neural framework."""
