"""demo, engines, compilemessages."""
