"""Every option, as frozen dataclasses. Imports no torch, so that a mistake in a file is answered at once."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class ModelConfig:
    """The LEORN network. Defaults are the published Charades-STA configuration."""

    network: Literal["map"] = "map"
    """Moments are scored on a two-dimensional map: LEORN, as published; `--model.network pyramid` is LEORN-P."""
    word_size: int = 300
    """Width of a word vector."""
    object_size: int = 2048
    """Width of an object's feature."""
    frame_size: int | None = None
    """Width of a frame's feature: given, the network is the fusion variant LEORN-F."""
    frames: int = 256
    """Sampled frames of a video (T)."""
    clips: int = 64
    """Clips on a side of the moment map (C); divides `frames`."""
    hidden_size: int = 512
    """Width of the network (H)."""
    feedforward_size: int = 1024
    """Inner width of the reasoning blocks' feed-forward part (F)."""
    num_heads: int = 4
    """Heads of the object self-attention."""
    num_layers: int = 3
    """Object reasoning blocks."""
    num_text_layers: int = 3
    """Layers of the bidirectional GRU over the words."""
    temporal_shift: int = 2
    """Frames by which the sentinel's channels move (k); 0 for no shift."""
    num_scale_layers: tuple[int, ...] = (16, 8, 8)
    """Diagonals of the sparse moment map at stride 1, 2, 4, …"""
    map_kernel_sizes: tuple[int, ...] = (9, 9, 9, 9)
    """Kernel of each map convolution; odd."""
    norm: Literal["batch", "layer"] = "batch"
    """Normalisation in the object reasoning."""
    reasoning: bool = True
    """Object reasoning blocks at all."""
    text_attention: bool = True
    """The sentence gates the objects."""
    object_attention: bool = True
    """Objects of a frame attend to each other."""
    shift_sentinel_only: bool = True
    """Shift the sentinel alone; otherwise every token."""
    box_encoding: bool = True
    """Boxes beside the detector's features."""
    attentive_pooling: bool = True
    """Pool objects by attention to the query; otherwise their mean."""
    attention_dropout: float = 0.05
    """Dropout inside the reasoning blocks."""
    box_dropout: float = 0.1
    """Dropout inside the box encoding."""
    initial_probability: float = 0.5
    """What an untrained network says of every cell: near the share of positives, training starts sooner."""
    min_iou: float = 0.5
    """A cell whose IoU with the moment is not above this is a negative (target 0)."""
    max_iou: float = 1.0
    """A cell whose IoU with the moment reaches this is a full positive (target 1)."""

    @property
    def fewest_frames(self) -> int:
        """A video must have so many: the map has a fixed number of clips."""
        return self.frames


@dataclass(frozen=True)
class PyramidConfig:
    """LEORN-P: objects as in LEORN, a pyramid over time in place of the moment map. Defaults are its full size."""

    network: Literal["pyramid"] = "pyramid"
    """Every step of a pyramid over time proposes a moment."""
    word_size: int = 300
    """Width of a word vector."""
    object_size: int = 2048
    """Width of an object's feature."""
    frame_size: int | None = None
    """Width of a frame's feature: given, frame features stand beside the objects."""
    frames: int = 256
    """Sampled frames of a video, at most (T)."""
    hidden_size: int = 256
    """Width of an object's token (H)."""
    channels: int = 256
    """Width of the pyramid (C)."""
    num_layers: int = 2
    """Blocks of object self-attention."""
    num_heads: int = 4
    """Heads of every attention."""
    temporal_shift: int = 2
    """Frames by which the sentinel's channels move; 0 for no shift."""
    levels: int = 7
    """Levels of the pyramid, each half as fast as the one before."""
    stem_blocks: int = 2
    """Blocks at the finest level."""
    window: int = 19
    """Steps that a step attends to, itself among them."""
    text_size: int = 128
    """Width of a word's state."""
    num_text_layers: int = 5
    """Layers of the transformer over the words."""
    views: int = 2
    """Views of the objects that the query steers."""
    num_conditioning_layers: int = 2
    """Layers of cross-attention to the words."""
    num_head_layers: int = 2
    """Convolutions of each head."""
    first_range: float = 4.0
    """The finest level answers for moments whose farther boundary is nearer than this, in frames (R)."""
    object_attention: bool = True
    """Objects of a frame attend to each other."""
    box_encoding: bool = True
    """Boxes beside the detector's features."""
    motion_reaches: tuple[int, ...] = (1, 2, 4, 8)
    """Frames ahead and behind that are compared for the motion of what the query looks at; none for its place alone."""
    label_objects: bool = False
    """Objects are the word vectors of their labels: start out looking at those that the query names."""
    steering: bool = True
    """The query looks at the objects; otherwise at the frames' vectors alone."""
    attentive_pooling: bool = True
    """It pools them by attention; otherwise their mean."""
    attention_dropout: float = 0.0
    """Dropout inside the object blocks."""
    box_dropout: float = 0.1
    """Dropout inside the box encoding."""
    text_dropout: float = 0.1
    """Dropout inside the transformer over the words."""
    drop_path: float = 0.1
    """Share of rows that the last block of the pyramid is left out for in training; less in those before."""

    @property
    def fewest_frames(self) -> int:
        """A video must have so many: shorter ones are padded."""
        return 1


NetworkConfig = ModelConfig | PyramidConfig
"""Configuration of any network; the key `network` tells which."""


DatasetName = Literal[
    "jsonl",
    "charades-sta",
    "charades-sta-reannotated",
    "charades-cd",
    "tacos",
    "activitynet-captions",
    "qvhighlights",
]


@dataclass(frozen=True)
class DataConfig:
    """Where queries, features and word vectors lie, and how they are read."""

    queries: str
    """Annotations: the folder of a published data set, or a JSON lines file."""
    objects: str
    """Object features: a store's folder, or a published HDF5 file."""
    words: str
    """Word vectors: GloVe text, `.npz` or `.safetensors`."""
    dataset: DatasetName = "jsonl"
    """Format of the annotations."""
    frame_features: str | None = None
    """Frame features (HDF5, video → rows × width), for the fusion variant."""
    tokenizer: Literal["words", "whitespace"] = "words"
    """`words` drops punctuation; `whitespace` is the published lower-cased split()."""
    slots: int = 18
    """Object slots per frame (N)."""
    min_score: float = 0.0
    """An object counts when the detector's confidence is above this (strictly)."""
    check_values: bool = True
    """Look for NaN in every video's features before training."""


FeatureKind = Literal["label", "appearance", "both"]


@dataclass(frozen=True)
class ExtractionConfig:
    """How the objects of a video file are found and described."""

    detector: str = "opencv-yolo"
    """Name of what finds objects, such as opencv-yolo; docs/find.md lists them."""
    frames: int = 128
    """Frames to sample, at the middles of equal parts of the video (T)."""
    rate: float | None = None
    """Frames a second, `frames` at most, for networks that take videos of any length; null for `frames` of each."""
    slots: int = 16
    """The most objects of a frame, the best by score (N)."""
    min_score: float = 0.25
    """An object counts when the detector's confidence is above this."""
    nms_iou: float = 0.45
    """Of two boxes of one label that overlap more the weaker goes, where the detector leaves that to do."""
    features: FeatureKind = "label"
    """What stands for an object: the word vector of its label, the detector's feature, or one behind the other."""
    backbone: str | None = None
    """Vision backbone of transformers that also describes whole frames, for the fusion variant."""


MAP_IOUS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
"""The IoU thresholds whose mean is the mAP of QVHighlights (Lei et al., NeurIPS 2021)."""

Against = Literal["any", "all", "median"]
"""Which of several moments of a query count; all and median are for several people's of one thing."""


@dataclass(frozen=True)
class EvaluationConfig:
    """How candidates become moments and how moments are scored."""

    ious: tuple[float, ...] = (0.3, 0.5, 0.7)
    """IoU thresholds of the recall table."""
    recalls: tuple[int, ...] = (1, 5)
    """Answers counted: the first n."""
    nms: Literal["greedy", "soft"] = "greedy"
    """`greedy` drops what overlaps a better answer; `soft` lowers its score (≥ 0), and near-equal spans vote."""
    nms_threshold: float | None = 0.5
    """Greedy NMS drops a candidate whose IoU with a kept one is above this; null for none."""
    strict: bool = True
    """A hit is IoU > threshold (the 2D-TAN family); otherwise IoU ≥ threshold."""
    against: Against = "any"
    """A hit is on any of a query's moments, on all, or on the one from their median start to their median end."""
    top_k: int = 10
    """Moments kept per query."""
    map_ious: tuple[float, ...] = ()
    """IoU thresholds of the mean average precision (mAP), 0.5 and 0.75 also alone; none for no mAP."""
    length_ranges: bool = False
    """mAP also by the length of the moments: short (up to 10 s), middle (up to 30 s), long (up to 150 s)."""


Precision = Literal["32-true", "bf16-mixed"]
"""Arithmetic, as Lightning names it: single precision, or matrix products and convolutions in bfloat16."""


@dataclass(frozen=True)
class TrainingConfig:
    """The recipe. Defaults are the published ones for Charades-STA."""

    epochs: int = 20
    """Passes over the training queries."""
    batch_size: int = 16
    """Queries a step, on each device."""
    queries_per_video: int = 1
    """Queries of one video that stand together in a batch, so it is encoded once for them; divides `batch_size`."""
    accumulate: int = 1
    """Steps whose gradients are added before an update."""
    learning_rate: float = 1e-4
    """AdamW's learning rate."""
    text_learning_rate: float | None = None
    """Learning rate of the text encoder; the common one where null."""
    object_learning_rate: float | None = None
    """Learning rate of the object reasoning; the common one where null."""
    weight_decay: float = 0.0
    """AdamW's weight decay, of matrices and kernels alone: norms, biases and scales do not decay."""
    gradient_clip: float = 10.0
    """Largest gradient norm."""
    schedule: Literal["plateau", "cosine"] = "plateau"
    """`plateau`: ×0.8 after 20 epochs without a better validation loss; `cosine`: warm up, then fall to 0."""
    weight_average: float | None = None
    """Decay of an exponential moving average of the weights, which is evaluated and kept in their place."""
    warmup_epochs: float = 0.0
    """Epochs of linear warm-up, for `cosine`."""
    initial_network: str | None = None
    """Start from the weights of this network; of the other variant, from its object reasoning (fusion fine-tuning)."""
    monitor: str = "R1@0.5"
    """Validation figure that picks the best checkpoint."""
    precision: Precision = "32-true"
    """Arithmetic of a step."""
    compile: bool = False
    """Compile the network with torch.compile: minutes at first, then faster steps on a GPU."""
    checkpoint_activations: bool = False
    """Keep the inputs of blocks alone for the way back, and compute the rest again: less memory, more time."""
    devices: int = 1
    """Processes on this machine, each on its own accelerator, or on the CPU."""
    accelerator: str = "auto"
    """Lightning's name for it: auto, cpu, gpu, …"""
    workers: int = 0
    """Loader processes for each device."""
    seed: int = 0
    """Fixes everything random."""
    loggers: tuple[Literal["tensorboard", "csv", "wandb"], ...] = ("tensorboard",)
    """Where scalars go."""


@dataclass(frozen=True)
class ExperimentConfig:
    """One experiment, complete in itself: the content of a file in `experiments/`."""

    out: str
    """Folder of the run: configuration, checkpoints, logs."""
    data: DataConfig
    model: NetworkConfig = field(default_factory=ModelConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
