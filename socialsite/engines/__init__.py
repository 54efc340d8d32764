"""Clients of the embedded engines: thin subclasses that start the server before they connect, and wait while it recovers."""
