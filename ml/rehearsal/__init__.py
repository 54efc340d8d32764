"""The town lives its days on the site: it reads what is ranked, acts, and is learned from. Knows no net and no page."""
