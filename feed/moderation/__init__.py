"""Moderation: who may do what behind the scenes, the queue of reports, and decisions that can be taken back."""
