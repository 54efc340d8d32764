"""The REST API. Its dialect is known to nobody but the urls."""
