"""The demo town: invented people and what they wrote, and a simulator of what they would do. Data, not a shortcut."""
