"""The pages of the feed. A view checks who asks, calls a verb or a timeline, and renders; it decides nothing."""
