"""Simulated scenes, piece by piece: what is in them, what happens, the sentences, the detector, the splits."""
