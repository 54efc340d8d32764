"""The embedded servers, and thin clients that start a server before they connect and wait while it recovers."""
