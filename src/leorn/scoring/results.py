"""The files in a folder of results: what `leorn evaluate` and `leorn baselines` write and `leorn report` reads."""

PREDICTIONS, METRICS = "predictions.jsonl", "metrics.json"
OTHER_OBJECTS, OTHER_SENTENCES = "objects of another video", "sentences about another video"
BLINDED = {shown: f"{shown.replace(' ', '-')}.jsonl" for shown in (OTHER_OBJECTS, OTHER_SENTENCES)}
"""What a blinded network was shown → the file of its predictions."""
