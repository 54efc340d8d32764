"""Ranking: which posts a person should read now, in what order, and why. Visibility is never decided here."""
