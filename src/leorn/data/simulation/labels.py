"""The labels of simulated scenes: 22 of COCO's 80, what each can do, how large it is and what it is called."""

PERSON = "person"
"""The one who picks up, puts down and rides."""
WALKERS = ("dog", "cat", "car", "bus")
"""What moves on the ground by itself, beside people."""
FLYERS = ("bird", "kite", "airplane")
"""What moves in the sky."""
PORTABLES = ("cup", "book", "suitcase", "umbrella", "laptop", "backpack")
"""What a person can pick up."""
RIDEABLES = ("bicycle", "motorcycle", "horse", "skateboard")
"""What a person can ride."""
FURNITURE = ("bench", "chair", "couch", "bed")
"""What stands where it is."""

GROUND_LABELS = (PERSON, *WALKERS, *PORTABLES, *RIDEABLES, *FURNITURE)
LABELS = (*GROUND_LABELS, *FLYERS)

SIZES = {
    "person": (0.10, 0.33),
    "dog": (0.11, 0.11),
    "cat": (0.09, 0.09),
    "car": (0.22, 0.15),
    "bus": (0.28, 0.24),
    "bird": (0.07, 0.05),
    "kite": (0.08, 0.08),
    "airplane": (0.16, 0.07),
    "cup": (0.05, 0.06),
    "book": (0.06, 0.05),
    "backpack": (0.07, 0.09),
    "suitcase": (0.08, 0.11),
    "umbrella": (0.06, 0.10),
    "laptop": (0.08, 0.06),
    "bicycle": (0.15, 0.15),
    "motorcycle": (0.16, 0.14),
    "horse": (0.18, 0.18),
    "skateboard": (0.11, 0.05),
    "bench": (0.18, 0.12),
    "chair": (0.10, 0.15),
    "couch": (0.22, 0.15),
    "bed": (0.26, 0.14),
}
"""Usual width and height of a label's box, as shares of the frame."""

SYNONYMS = {
    "person": ("person", "man", "woman", "someone"),
    "dog": ("dog", "puppy"),
    "cat": ("cat", "kitten"),
    "car": ("car", "automobile"),
    "airplane": ("airplane", "plane"),
    "cup": ("cup", "mug"),
    "backpack": ("backpack", "rucksack"),
    "laptop": ("laptop", "notebook"),
    "bicycle": ("bicycle", "bike"),
    "motorcycle": ("motorcycle", "motorbike"),
    "couch": ("couch", "sofa"),
}
"""What sentences call a label, where that is not the label alone. Man, woman and someone all mean any person."""


def names(label: str) -> tuple[str, ...]:
    """What sentences call `label`."""
    return SYNONYMS.get(label, (label,))
