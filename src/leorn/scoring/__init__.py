"""From candidates to ranked moments, and what they are worth. Knows numpy, not models."""
