"""From a question to moments of videos."""
