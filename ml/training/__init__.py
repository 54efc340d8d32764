"""The night: from what was shown and done to a ranker that serves, or a refusal with its reason. Serves no request."""
