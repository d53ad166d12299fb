"""The training step and the runs."""
