"""The commands that wire the site together."""
