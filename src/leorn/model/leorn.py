"""The network, put together from its blocks; the one file that reads `ModelConfig`.

Letters: B batch, Q queries where videos are fewer, T frames, N object slots, S = N + 1 tokens of a frame, L words,
C clips, V valid cells of the map, U slots that are used, W videos, D_w, D_o, D_f widths of word vectors, object and
frame features, H hidden width, I that of the first gate's inner layer.
"""

import math
from itertools import repeat
from typing import cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from leorn.config import ModelConfig
from leorn.errors import InputError
from leorn.model.candidates import Candidates, Evidence
from leorn.model.check_config import check_config
from leorn.model.clips import FramesToClips, FusedFramesToClips
from leorn.model.leorn_records import EncodedVideo, ScoredMap
from leorn.model.loss import cell_iou, scaled_iou_loss
from leorn.model.map_conv import MapConv
from leorn.model.moment_map import MomentMap
from leorn.model.objects import AttentivePooling, MeanPooling, ObjectEmbedding
from leorn.model.plain_attention import plain_attention
from leorn.model.reasoning import BeforeQuery, ReasoningBlock
from leorn.model.recompute import run, run_function
from leorn.model.text import TextEncoder
from leorn.model.used_slots import put_back, take, used_slots


class LEORN(nn.Module):
    """Language-enhanced Object Reasoning Network; with `frame_size` given, its fusion variant LEORN-F.

    Attributes:
        checkpoint_activations: compute what the blocks need on the way back again, in place of keeping it.
    """

    def __init__(self, config: ModelConfig) -> None:
        """Make the network with random weights.

        Raises:
            InputError: an option is out of its range, or does not fit the others.
        """
        super().__init__()
        check_config(config)
        self.config = config
        self.checkpoint_activations = False
        self.text = TextEncoder(config.word_size, config.hidden_size, config.num_text_layers)
        self.objects = ObjectEmbedding(
            config.object_size,
            config.hidden_size,
            norm=config.norm,
            box_encoding=config.box_encoding,
            box_dropout=config.box_dropout,
        )
        self.reasoning = nn.ModuleList(
            ReasoningBlock(
                config.hidden_size,
                config.feedforward_size,
                num_heads=config.num_heads,
                dropout=config.attention_dropout,
                norm=config.norm,
                temporal_shift=config.temporal_shift,
                shift_sentinel_only=config.shift_sentinel_only,
                text_attention=config.text_attention,
                object_attention=config.object_attention,
            )
            for _ in range(config.num_layers if config.reasoning else 0)
        )
        self.pooling = AttentivePooling(config.hidden_size) if config.attentive_pooling else MeanPooling()
        self.clips = (
            FramesToClips(config.hidden_size, config.clips)
            if config.frame_size is None
            else FusedFramesToClips(config.frame_size, config.hidden_size, config.clips)
        )
        self.moment_map = MomentMap(config.hidden_size, config.clips, config.num_scale_layers)
        self.map_conv = MapConv(config.hidden_size, config.map_kernel_sizes, self.moment_map.mask)
        self.prediction = nn.Linear(config.hidden_size, 1)
        if (share := config.initial_probability) != 0.5:
            nn.init.constant_(self.prediction.bias, math.log(share / (1 - share)))

    @property
    def name(self) -> str:
        """What tables call it."""
        return "LEORN" if self.config.frame_size is None else "LEORN-F"

    @property
    def blocks(self) -> list[ReasoningBlock]:
        """The blocks of object reasoning."""
        return cast(list[ReasoningBlock], list(self.reasoning))

    @property
    def map_clips(self) -> int:
        """Clips of a picture that shows all candidates."""
        return self.config.clips

    def forward(
        self,
        words: Float[Tensor, "B L D_w"],
        word_mask: Bool[Tensor, "B L"],
        objects: Float[Tensor, "W T N D_o"],
        object_mask: Bool[Tensor, "W T N"],
        boxes: Float[Tensor, "W T N 4"],
        frames: Float[Tensor, "W T D_f"] | None = None,
        *,
        frame_mask: Bool[Tensor, "W T"] | None = None,
        video_index: Int[Tensor, "B"] | None = None,
        return_evidence: bool = False,
    ) -> ScoredMap:
        """Score every candidate moment of a video for a query.

        Args:
            words: word vectors, 0 for an unknown word and for padding.
            word_mask: true where there is a word.
            objects: detector features, each L2-normalised, 0 where there is no object.
            object_mask: true where there is an object.
            boxes: `xyxy` in 0..1 of the frame, 0 where there is no object.
            frames: frame features, for the fusion variant alone.
            frame_mask: not needed: every video fills its T frames.
            video_index: the video of each query; the one in its own row where None.
            return_evidence: give the attention over objects and words, too.
        """
        del frame_mask
        # in single precision the fused one is as fast
        with plain_attention(wanted=self.training and words.device.type == "cpu" and torch.is_autocast_enabled("cpu")):
            video = self.encode_video(objects, object_mask, boxes, frames, video_index)
            return self.score(video, words, word_mask, return_evidence=return_evidence)

    def encode_video(
        self,
        objects: Float[Tensor, "B T N D_o"],
        object_mask: Bool[Tensor, "B T N"],
        boxes: Float[Tensor, "B T N 4"],
        frames: Float[Tensor, "B T D_f"] | None = None,
        video_index: Int[Tensor, "Q"] | None = None,
    ) -> EncodedVideo:
        """Do the part of the work that no query changes. Arguments as for `forward`.

        Where `video_index` is given, each of Q queries gets its video. In training statistics of BatchNorm count a
        video once for each, and dropout inside the box encoding is drawn once for all.
        """
        num_slots = objects.shape[2]
        slots = None if self._needs_all_slots() else used_slots(object_mask)
        if slots is not None:
            objects, boxes, object_mask = take(objects, slots), take(boxes, slots), object_mask.gather(2, slots)
        video_of = video_index if self.training else None
        tokens, mask = self.objects(objects, object_mask, boxes, video_of)
        before = BeforeQuery(tokens, None)
        for first in self.blocks[:1]:
            before = run_function(first.before_query, first, tokens, again=self.checkpoint_activations)
        projected = None
        if isinstance(self.clips, FusedFramesToClips):
            if frames is None:
                raise InputError("a fusion network needs frame features (frames of shape B, T, D_f)")
            projected = self.clips.project_frames(frames)
            projected = projected if video_of is None else projected[video_of]
        video = EncodedVideo(before.tokens, before.inner, mask, projected, slots, num_slots)
        return video if video_index is None or self.training else video.select(video_index)

    def _needs_all_slots(self) -> bool:
        """Statistics of BatchNorm count empty slots too, tokens may move from slot to slot, a graph has one shape."""
        moved = self.config.temporal_shift > 0 and not self.config.shift_sentinel_only
        return self.training or moved or torch.compiler.is_compiling()

    def score(
        self,
        video: EncodedVideo,
        words: Float[Tensor, "B L D_w"],
        word_mask: Bool[Tensor, "B L"],
        *,
        return_evidence: bool = False,
    ) -> ScoredMap:
        """Do the query's part: one query for each encoded video of the batch."""
        text = self.text(words, word_mask)
        pooled, attention = self._reason_for_each(video, text.query)
        clips = self.clips(pooled) if video.frames is None else self.clips(pooled, video.frames)
        cells = self.map_conv(self.moment_map(clips, text.sentence), checkpoint_activations=self.checkpoint_activations)
        # in the weights' own precision: bf16 has so few digits that many cells would tie
        with torch.autocast(cells.device.type, enabled=False):
            logits = self.moment_map.spread(self.prediction(cells.to(self.prediction.weight.dtype)).squeeze(-1))
        mask = self.moment_map.mask
        if video.slots is not None:
            objects = put_back(attention[..., 1:], video.slots, video.num_slots)
            attention = torch.cat([attention[..., :1], objects], -1)
        evidence = Evidence(attention, text.attention) if return_evidence else None
        return ScoredMap(logits, mask, evidence)

    def _reason_for_each(
        self, video: EncodedVideo, queries: Float[Tensor, "B H"]
    ) -> tuple[Float[Tensor, "B T H"], Float[Tensor, "B T S"]]:
        """Return frame vectors and the weights of their objects."""
        inputs = (video.tokens, video.inner, video.mask, queries)
        if self.training or len(queries) == 1 or queries.device.type != "cpu" or torch.compiler.is_compiling():
            return self._reason(*inputs)
        # one query after the other: its tokens stay in the processor's cache, those of many would not
        each = (x.split(1) if x is not None else repeat(None) for x in inputs)
        pooled, attention = zip(*map(self._reason, *each), strict=True)
        return torch.cat(pooled), torch.cat(attention)

    def _reason(
        self,
        tokens: Float[Tensor, "B T S H"],
        inner: Float[Tensor, "B T S I"] | None,
        mask: Bool[Tensor, "B T S"],
        queries: Float[Tensor, "B H"],
    ) -> tuple[Float[Tensor, "B T H"], Float[Tensor, "B T S"]]:
        again = self.checkpoint_activations
        for first in self.blocks[:1]:
            tokens = run_function(first.hear, first, BeforeQuery(tokens, inner), mask, queries, again=again)
        for block in self.blocks[1:]:
            tokens = run(block, tokens, mask, queries, again=again)
        return self.pooling(tokens, mask, queries)

    def candidates(self, scored: ScoredMap) -> Candidates:
        """Return the valid cells as moments, in row-major order of the map."""
        first, last = scored.mask.nonzero(as_tuple=True)
        # on the CPU, because not every accelerator has float64
        spans = torch.stack([first, last + 1], -1).cpu().double() / self.config.clips
        return Candidates(spans.expand(len(scored.logits), -1, -1), scored.logits[:, scored.mask].sigmoid())

    def loss(
        self, scored: ScoredMap, spans: Float[Tensor, "B M 2"], span_mask: Bool[Tensor, "B M"]
    ) -> Float[Tensor, ""]:
        """Return the loss against the queries' moments, given as fractions of the duration."""
        iou_map = cell_iou(spans, span_mask, self.config.clips)
        return scaled_iou_loss(scored.logits, scored.mask, iou_map, self.config.min_iou, self.config.max_iou)

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """Return the parameters by the parts that a recipe may give a learning rate of their own."""
        groups = {
            "text": [self.text],
            "objects": [self.objects, self.reasoning, self.pooling],
            "moments": [self.clips, self.moment_map, self.map_conv, self.prediction],
        }
        return {name: [p for part in parts for p in part.parameters()] for name, parts in groups.items()}

    def object_state(self) -> dict[str, Tensor]:
        """Return the weights and statistics of the object reasoning, which fusion fine-tuning starts from."""
        parts = ("objects.", "reasoning.", "pooling.")
        return {name: value for name, value in self.state_dict().items() if name.startswith(parts)}
