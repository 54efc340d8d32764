"""What ml hears from feed and accounts; each becomes a task."""
