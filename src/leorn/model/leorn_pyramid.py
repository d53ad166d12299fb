"""LEORN-P: objects, a language-steered view of them, and a pyramid over time in place of the moment map.

All that no query changes is done once for a video; a query costs what grows linearly with the video. After SnAG (Mu,
Mo & Li, CVPR 2024) for late fusion and heads; objects, sentinel and shift are LEORN's.

Letters: B queries, V videos, T frames, N object slots, S = N + 1 tokens of a frame, L words, M moments, C channels,
K steps of all levels, D_w, D_o, D_f widths of word vectors, object and frame features, H token width.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from leorn.config import PyramidConfig
from leorn.errors import InputError
from leorn.model.assignment import assign_steps
from leorn.model.candidates import Candidates, Evidence
from leorn.model.common_words import look_for_words
from leorn.model.conditioning import WordConditioning
from leorn.model.objects import ObjectEmbedding
from leorn.model.path import places_of
from leorn.model.plain_attention import plain_attention
from leorn.model.pyramid import Pyramid, in_a_row, steps_of
from leorn.model.pyramid_records import EncodedPyramid, ScoredSteps
from leorn.model.reasoning import ReasoningBlock
from leorn.model.recompute import run
from leorn.model.sentence import SentenceTransformer
from leorn.model.span_heads import SpanHeads
from leorn.model.span_loss import distance_iou_loss, focal_loss
from leorn.model.steering import ObjectSteering
from leorn.ranges import check_model

POSITIVES_MOMENTUM = 0.9
"""Of the running mean of positive steps, by which both losses are divided; that of ActionFormer's published code."""
MAP_CLIPS = 64
"""Rows and columns of a picture that shows all candidates."""


class LEORNPyramid(nn.Module):
    """Object network whose cost grows linearly; with `frame_size` given, frame features beside the objects.

    Attributes:
        checkpoint_activations: compute what the blocks need on the way back again, in place of keeping it.
    """

    def __init__(self, config: PyramidConfig) -> None:
        """Make the network with random weights.

        Raises:
            InputError: an option is out of its range, or does not fit the others.
        """
        super().__init__()
        check_pyramid(config)
        self.config = config
        self.checkpoint_activations = False
        self.text = SentenceTransformer(
            config.word_size, config.text_size, config.num_text_layers, config.num_heads, config.text_dropout
        )
        self.objects = ObjectEmbedding(
            config.object_size,
            config.hidden_size,
            norm="layer",
            box_encoding=config.box_encoding,
            box_dropout=config.box_dropout,
        )
        self.reasoning = nn.ModuleList(
            ReasoningBlock(
                config.hidden_size,
                2 * config.hidden_size,
                num_heads=config.num_heads,
                dropout=config.attention_dropout,
                norm="layer",
                temporal_shift=config.temporal_shift,
                shift_sentinel_only=True,
                text_attention=False,
                object_attention=config.object_attention,
            )
            for _ in range(config.num_layers)
        )
        self.frames = None if config.frame_size is None else nn.Linear(config.frame_size, config.hidden_size)
        self.pyramid = Pyramid(
            config.hidden_size,
            config.channels,
            levels=config.levels,
            stem_blocks=config.stem_blocks,
            num_heads=config.num_heads,
            window=config.window,
            drop_path=config.drop_path,
        )
        self.steering = (
            ObjectSteering(
                config.text_size,
                config.hidden_size,
                config.channels,
                config.views,
                levels=config.levels,
                attentive=config.attentive_pooling,
                reaches=config.motion_reaches if config.box_encoding else None,
            )
            if config.steering
            else None
        )
        self.conditioning = nn.ModuleList(
            WordConditioning(config.channels, config.text_size, config.num_heads)
            for _ in range(config.num_conditioning_layers)
        )
        self.heads = SpanHeads(config.channels, config.num_head_layers, config.levels)
        # the sentinel sees objects by attention alone
        self.sees_objects = config.object_attention and config.num_layers > 0
        if config.label_objects:
            look_for_words(self.text, self.objects, self.steering)
        self.positives: Tensor
        self.register_buffer("positives", torch.tensor(0.0))

    @property
    def name(self) -> str:
        """What tables call it."""
        return "LEORN-P" if self.config.frame_size is None else "LEORN-PF"

    @property
    def map_clips(self) -> int:
        """Clips of a picture that shows all candidates: their boundaries lie anywhere, so a readable number."""
        return MAP_CLIPS

    def forward(
        self,
        words: Float[Tensor, "B L D_w"],
        word_mask: Bool[Tensor, "B L"],
        objects: Float[Tensor, "V T N D_o"],
        object_mask: Bool[Tensor, "V T N"],
        boxes: Float[Tensor, "V T N 4"],
        frames: Float[Tensor, "V T D_f"] | None = None,
        *,
        frame_mask: Bool[Tensor, "V T"] | None = None,
        video_index: Int[Tensor, "B"] | None = None,
        return_evidence: bool = False,
    ) -> ScoredSteps:
        """Let every step of a video propose a moment for a query.

        Arguments as for `LEORN.forward`; `frame_mask` is true where a video is, everywhere where None.
        """
        with plain_attention(wanted=self.training and words.device.type == "cpu"):
            video = self.encode_video(objects, object_mask, boxes, frames, frame_mask)
            video = video if video_index is None else video.select(video_index)
            return self.score(video, words, word_mask, return_evidence=return_evidence)

    def encode_video(
        self,
        objects: Float[Tensor, "V T N D_o"],
        object_mask: Bool[Tensor, "V T N"],
        boxes: Float[Tensor, "V T N 4"],
        frames: Float[Tensor, "V T D_f"] | None = None,
        frame_mask: Bool[Tensor, "V T"] | None = None,
    ) -> EncodedPyramid:
        """Do all the work that no query changes. Arguments as for `forward`.

        Raises:
            InputError: no frame features for the fusion variant.
        """
        if frame_mask is None:
            frame_mask = torch.ones(objects.shape[:2], dtype=torch.bool, device=objects.device)
        tokens, mask = self.objects(objects, object_mask, boxes)
        for block in self.reasoning:
            tokens = run(block, tokens, mask, None, frame_mask, again=self.checkpoint_activations)
        frame_vectors = tokens[:, :, 0] if self.sees_objects else masked_mean(tokens, mask)
        if self.frames is not None:
            if frames is None:
                raise InputError("frame features are missing: model.frame_size makes this the fusion variant")
            frame_vectors = frame_vectors + self.frames(frames)
        # every level has whole steps
        beyond = -objects.shape[1] % 2 ** (self.config.levels - 1)
        frame_vectors, frame_mask = F.pad(frame_vectors, (0, 0, 0, beyond)), F.pad(frame_mask, (0, beyond))
        levels, masks = self.pyramid(frame_vectors, frame_mask, checkpoint_activations=self.checkpoint_activations)
        video_index = torch.arange(len(tokens), device=tokens.device)
        return EncodedPyramid(tokens, mask, places_of(boxes), levels, masks, video_index)

    def score(
        self,
        video: EncodedPyramid,
        words: Float[Tensor, "B L D_w"],
        word_mask: Bool[Tensor, "B L"],
        *,
        return_evidence: bool = False,
    ) -> ScoredSteps:
        """Do the query's part of the work. Arguments as for `forward`.

        Raises:
            InputError: not as many queries as the encoded videos were selected for.
        """
        if len(video.video_index) != len(words):
            raise InputError(
                f"{len(words)} queries about videos selected for {len(video.video_index)}; "
                "expected select(video_index) or repeat(queries) of what encode_video returned"
            )
        sentence = self.text(words, word_mask)
        levels = [level[video.video_index] for level in video.levels]
        masks = [mask[video.video_index] for mask in video.masks]
        weights, word_weights = None, None
        if self.steering is not None:
            own, weights, word_weights = self.steering(
                video.tokens, video.token_mask, video.places, masks, sentence, video.video_index
            )
            levels = [level + seen for level, seen in zip(levels, own, strict=True)]
        steps, mask = steps_of(levels), in_a_row(masks)
        x = in_a_row(levels)
        for layer in self.conditioning:
            x = layer(x, sentence.states, sentence.mask)
        logits, distances = self.heads(x, mask, steps.levels)
        frames = masks[0].sum(1)
        evidence = None
        if return_evidence:
            if weights is None or word_weights is None:
                # it has seen what the sentinels have
                weights = torch.zeros_like(video.token_mask[video.video_index], dtype=words.dtype)
                weights[..., 0] = 1
                word_weights = torch.zeros_like(sentence.mask, dtype=words.dtype)
            evidence = Evidence(weights, word_weights[:, 1:])
        return ScoredSteps(logits, distances, mask, steps.middles, steps.strides, frames, evidence)

    def candidates(self, scored: ScoredSteps) -> Candidates:
        """Return the moments that the steps propose; those of steps beyond a video have no length and score 0."""
        signs = torch.tensor([-1, 1], device=scored.middles.device)
        spans = scored.middles[:, None] + signs * scored.distances * scored.strides[:, None]
        # on the CPU, because not every accelerator has float64
        spans = (spans.cpu().double() / scored.frames[:, None, None].cpu()).clamp(0, 1)
        return Candidates(spans * scored.mask[..., None].cpu(), scored.logits.sigmoid() * scored.mask)

    def loss(
        self, scored: ScoredSteps, spans: Float[Tensor, "B M 2"], span_mask: Bool[Tensor, "B M"]
    ) -> Float[Tensor, ""]:
        """Return the loss against the queries' moments, given as fractions of the duration."""
        spans = spans * scored.frames[:, None, None]
        positive, wanted = assign_steps(scored.middles, scored.strides, spans, span_mask, self.config.first_range)
        positive = positive & scored.mask
        score_loss = (focal_loss(scored.logits, positive.float()) * scored.mask).sum()
        span_loss = distance_iou_loss(scored.distances[positive], wanted[positive]).sum()
        found = positive.sum().float()
        if self.training:
            with torch.no_grad():
                momentum = POSITIVES_MOMENTUM if self.positives > 0 else 0.0
                self.positives.mul_(momentum).add_((1 - momentum) * found)
        norm = self.positives if self.training else found
        return (score_loss + span_loss) / norm.clamp(min=1)

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """Return the parameters by the parts that a recipe may give a learning rate of their own."""
        parts = {
            "text": [self.text],
            "objects": [self.objects, self.reasoning],
            "moments": [self.frames, self.pyramid, self.steering, self.conditioning, self.heads],
        }
        return {
            name: [p for module in modules if module is not None for p in module.parameters()]
            for name, modules in parts.items()
        }

    def object_state(self) -> dict[str, Tensor]:
        """Return the weights that the fusion variant shares: all but those of the frame features."""
        return {name: value for name, value in self.state_dict().items() if not name.startswith("frames.")}


def check_pyramid(config: PyramidConfig) -> None:
    """Say what does not fit together in a configuration.

    Raises:
        InputError: naming the key and what would be right.
    """
    check_model(config)
    for key in ("hidden_size", "channels", "text_size"):
        if (size := getattr(config, key)) % config.num_heads:
            raise InputError(f"model.{key} {size} must be a multiple of model.num_heads {config.num_heads}")
    if config.label_objects and config.word_size != config.object_size:
        raise InputError(
            f"model.label_objects: objects of width {config.object_size} and words of width {config.word_size}; "
            "expected one width, for the objects are the word vectors of their labels"
        )
    if not config.num_conditioning_layers and not (config.steering and config.attentive_pooling):
        raise InputError(
            "model.num_conditioning_layers 0 beside model.steering or model.attentive_pooling false: "
            "no way is left for the sentence into the network"
        )
    if low := [reach for reach in config.motion_reaches if reach < 1]:
        raise InputError(f"model.motion_reaches {config.motion_reaches} must be 1 or more, not {low[0]}")
    if config.window % 2 == 0:
        raise InputError(f"model.window {config.window} must be odd: a step, and as many on either side")


def masked_mean(tokens: Float[Tensor, "V T S H"], mask: Bool[Tensor, "V T S"]) -> Float[Tensor, "V T H"]:
    """Return the mean of the tokens that there are."""
    return torch.einsum("vts,vtsh->vth", (mask / mask.sum(-1, keepdim=True)).to(tokens), tokens)
