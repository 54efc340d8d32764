"""The ranking net: what it learns from, how it is built, trained and published; serves no request."""
