"""From annotation files and features on disk to batches."""
