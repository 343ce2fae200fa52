"""Cases by topic, each with a second way to its numbers."""
