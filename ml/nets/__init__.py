"""The machine room: the only place with torch, transformers and sentence-transformers; serves no request."""
