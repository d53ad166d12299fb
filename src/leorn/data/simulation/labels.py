"""The labels of simulated scenes: what each can do, how large it is, and what sentences call it."""

from dataclasses import dataclass, field

PERSON = "person"
"""The one who picks up, puts down and rides."""

Size = tuple[float, float]


@dataclass(frozen=True)
class Labels:
    """Labels by what they can do, each with the usual width and height of its box as shares of the frame.

    Attributes:
        walkers: what moves on the ground by itself, beside people.
        flyers: what moves in the sky.
        portables: what a person can pick up.
        rideables: what a person can ride.
        furniture: what stands where it is.
        synonyms: what sentences call a label, where that is not the label alone.
    """

    walkers: dict[str, Size]
    flyers: dict[str, Size]
    portables: dict[str, Size]
    rideables: dict[str, Size]
    furniture: dict[str, Size]
    synonyms: dict[str, tuple[str, ...]]
    people: dict[str, Size] = field(default_factory=lambda: {PERSON: (0.10, 0.33)})

    @property
    def sizes(self) -> dict[str, Size]:
        """Every label with its size: what is on the ground first."""
        parts = (self.people, self.walkers, self.portables, self.rideables, self.furniture, self.flyers)
        return {label: size for part in parts for label, size in part.items()}

    @property
    def on_ground(self) -> tuple[str, ...]:
        """The labels of what is on the ground."""
        return tuple(label for label in self.sizes if label not in self.flyers)

    @property
    def names(self) -> tuple[str, ...]:
        """All labels."""
        return tuple(self.sizes)

    def called(self, label: str) -> tuple[str, ...]:
        """What sentences call a label."""
        return self.synonyms.get(label, (label,))


FEW = Labels(
    walkers={"dog": (0.11, 0.11), "cat": (0.09, 0.09), "car": (0.22, 0.15), "bus": (0.28, 0.24)},
    flyers={"bird": (0.07, 0.05), "kite": (0.08, 0.08), "airplane": (0.16, 0.07)},
    portables={
        "cup": (0.05, 0.06),
        "book": (0.06, 0.05),
        "suitcase": (0.08, 0.11),
        "umbrella": (0.06, 0.10),
        "laptop": (0.08, 0.06),
        "backpack": (0.07, 0.09),
    },
    rideables={
        "bicycle": (0.15, 0.15),
        "motorcycle": (0.16, 0.14),
        "horse": (0.18, 0.18),
        "skateboard": (0.11, 0.05),
    },
    furniture={"bench": (0.18, 0.12), "chair": (0.10, 0.15), "couch": (0.22, 0.15), "bed": (0.26, 0.14)},
    synonyms={
        PERSON: (PERSON, "man", "woman", "someone"),
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
    },
)
"""22 of COCO's 80, for measuring. Man, woman and someone all mean any person."""

MANY = Labels(
    walkers=FEW.walkers
    | {
        "truck": (0.28, 0.22),
        "train": (0.34, 0.20),
        "boat": (0.24, 0.16),
        "sheep": (0.12, 0.11),
        "cow": (0.18, 0.15),
        "bear": (0.18, 0.16),
        "zebra": (0.17, 0.16),
        "giraffe": (0.14, 0.28),
    },
    flyers=FEW.flyers | {"frisbee": (0.05, 0.03), "sports ball": (0.04, 0.04)},
    portables=FEW.portables
    | {
        "handbag": (0.06, 0.08),
        "tie": (0.03, 0.08),
        "baseball bat": (0.08, 0.05),
        "baseball glove": (0.05, 0.05),
        "tennis racket": (0.07, 0.06),
        "bottle": (0.04, 0.09),
        "wine glass": (0.04, 0.08),
        "fork": (0.05, 0.03),
        "knife": (0.06, 0.03),
        "spoon": (0.05, 0.03),
        "bowl": (0.08, 0.05),
        "banana": (0.06, 0.04),
        "apple": (0.04, 0.04),
        "sandwich": (0.06, 0.04),
        "orange": (0.04, 0.04),
        "broccoli": (0.05, 0.05),
        "carrot": (0.05, 0.03),
        "hot dog": (0.06, 0.04),
        "pizza": (0.09, 0.04),
        "donut": (0.05, 0.04),
        "cake": (0.07, 0.06),
        "potted plant": (0.07, 0.12),
        "mouse": (0.04, 0.03),
        "remote": (0.04, 0.03),
        "keyboard": (0.09, 0.04),
        "cell phone": (0.04, 0.05),
        "clock": (0.06, 0.06),
        "vase": (0.05, 0.09),
        "scissors": (0.05, 0.04),
        "teddy bear": (0.08, 0.10),
        "hair drier": (0.05, 0.05),
        "toothbrush": (0.04, 0.03),
        "frying pan": (0.11, 0.05),
        "cutting board": (0.12, 0.05),
        "chopstick": (0.06, 0.03),
        "egg": (0.04, 0.04),
        "plate": (0.09, 0.04),
        "glass": (0.04, 0.07),
        "milk carton": (0.05, 0.09),
        "ham": (0.06, 0.04),
        "pot": (0.10, 0.08),
        "spatula": (0.07, 0.03),
        "towel": (0.09, 0.06),
    },
    rideables=FEW.rideables
    | {
        "elephant": (0.24, 0.22),
        "skis": (0.12, 0.04),
        "snowboard": (0.12, 0.05),
        "surfboard": (0.13, 0.05),
    },
    furniture=FEW.furniture
    | {
        "traffic light": (0.05, 0.14),
        "fire hydrant": (0.06, 0.11),
        "stop sign": (0.08, 0.14),
        "parking meter": (0.05, 0.13),
        "dining table": (0.26, 0.14),
        "toilet": (0.10, 0.14),
        "tv": (0.16, 0.13),
        "microwave": (0.13, 0.09),
        "oven": (0.16, 0.17),
        "toaster": (0.08, 0.07),
        "sink": (0.14, 0.08),
        "refrigerator": (0.14, 0.30),
        "stove": (0.18, 0.12),
        "table": (0.26, 0.14),
    },
    synonyms=FEW.synonyms
    | {
        PERSON: (PERSON, "man", "woman", "someone", "boy", "girl", "child"),
        "truck": ("truck", "lorry"),
        "handbag": ("handbag", "purse"),
        "sports ball": ("ball", "football"),
        "cell phone": ("phone", "cell phone", "smartphone"),
        "tv": ("tv", "television", "screen"),
        "potted plant": ("plant", "potted plant"),
        "dining table": ("table", "dining table"),
        "refrigerator": ("refrigerator", "fridge"),
        "wine glass": ("wine glass", "glass of wine"),
        "teddy bear": ("teddy bear", "teddy"),
        "hair drier": ("hair dryer",),
        "donut": ("donut", "doughnut"),
        "frying pan": ("frying pan", "pan"),
        "traffic light": ("traffic light",),
        "remote": ("remote", "remote control"),
        "tennis racket": ("racket", "tennis racket"),
    },
)
"""COCO's 80 and kitchen things, for a network that shall work behind any detector with labels."""

LABEL_SETS = {"few": FEW, "many": MANY}
"""By the names in `SimulationConfig.labels`."""
