"""A text in, what can be said of it out: knows no post, no person and no page."""
