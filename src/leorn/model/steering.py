"""The query's own view of the objects: in each frame it looks at the tokens that go with what it says.

What it sees is these tokens and, where boxes are known, the path of what it looks at.

Letters: B queries, V videos, b queries of one video, T frames, S tokens of a frame, L words, W text width, H token
width, A views.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from leorn.model.path import follow, path_size
from leorn.model.pyramid import ConvNorm, halve
from leorn.model.sentence import Sentence

SHORTEST = 1e-12
"""What a token's length counts at least: one may be exactly zero."""
LEAST_LEFT = 1e-3
"""What is left of a word at least: a sentence may have fewer than there are views. It keeps the logarithm finite."""
LEFT_POWER = 2
"""Of what is left of a word, where the next view weighs it. By 1 a view that wants the same two words as the one
before, in the same order, would weigh both alike; squared, it takes the second."""
FIRST_SHARPNESS = 10.0
"""What cosines are multiplied by before the softmax, at first; it is learned. By 1 a frame's tokens would be weighed
almost alike; by 10 one whose cosine is 0.3 higher weighs 20 times as much."""


class ObjectSteering(nn.Module):
    """Attentive pooling with several views, each with its own weights over the words and the tokens.

    One view may look for who does something, another for what it is done with.
    """

    def __init__(
        self,
        text_size: int,
        token_size: int,
        channels: int,
        views: int,
        *,
        levels: int,
        attentive: bool,
        reaches: Sequence[int] | None,
    ) -> None:
        """Make the weights.

        Args:
            text_size: width of a word (W).
            token_size: width of a token (H).
            channels: width of a step (C).
            views: how many (A), where they are attentive; the mean of the tokens is one.
            levels: of the pyramid.
            attentive: look at what the words say; otherwise at all tokens alike.
            reaches: frames over which the path of what it looks at is followed; None for no path.
        """
        super().__init__()
        views = views if attentive else 1
        self.words = nn.Linear(text_size, views) if attentive else None
        self.query = nn.ModuleList(nn.Linear(text_size, token_size) for _ in range(views if attentive else 0))
        # its logarithm, for a step of an optimiser would hardly move the number itself
        first = torch.full((views,), math.log(FIRST_SHARPNESS))
        self.log_sharpness = nn.Parameter(first) if attentive else None
        self.reaches = reaches
        seen = token_size + (0 if reaches is None else path_size(reaches))
        self.mix = nn.ModuleList([ConvNorm(views * seen, channels), ConvNorm(channels, channels)])
        self.coarser = ConvNorm(channels, channels) if levels > 1 else None

    def forward(
        self,
        tokens: Float[Tensor, "V T S H"],
        token_mask: Bool[Tensor, "V T S"],
        places: Float[Tensor, "V T S 5"],
        masks: Sequence[Bool[Tensor, "B _"]],
        sentence: Sentence,
        video_index: Int[Tensor, "B"],
    ) -> tuple[list[Float[Tensor, "B _ C"]], Float[Tensor, "B T S"], Float[Tensor, "B L"]]:
        """Look at the objects, once for every query.

        Args:
            tokens: of the videos' frames.
            token_mask: true where there is a token.
            places: where the tokens are, as `places_of` gives it.
            masks: of each level, finest first: true where the video is.
            sentence: its words, of which their states choose what to look for.
            video_index: the video of each query.

        Returns:
            For each level a vector for every step; the weights of tokens and of words, means over the views.
        """
        asked, attention = self._asked(tokens.shape[-1], sentence)
        videos = tokens.unbind(), token_mask.unbind(), places.unbind()
        if len(tokens) == 1:
            # neither counting nor sorting: a graph can hold this
            of_each = [torch.arange(len(video_index), device=tokens.device)]
            videos_asked, back = [0], slice(None)
        else:
            order = video_index.argsort(stable=True)
            videos_asked, counts = (part.tolist() for part in torch.unique(video_index, return_counts=True))
            of_each, back = order.split(counts), order.argsort()
        # video by video: its tokens are many, and none of them is copied for each query
        looks = [
            self._look(*(part[video] for part in videos), length=masks[0][rows[0]].sum(), asked=asked[rows])
            for video, rows in zip(videos_asked, of_each, strict=True)
        ]
        x, weights = (torch.cat(parts)[back] for parts in zip(*looks, strict=True))
        # the levels have whole steps beyond the video
        x = F.pad(x, (0, 0, 0, masks[0].shape[1] - x.shape[1]))
        for layer in self.mix:
            x = layer(x, masks[0])
        levels = [x]
        for finer, mask in pairwise(masks):
            x, _ = halve(x, finer)
            assert self.coarser is not None
            # one for all levels: what happens slowly looks there as what happens fast does here
            x = x + self.coarser(x, mask)
            levels.append(x)
        return levels, weights, attention.mean(-1)

    def _asked(self, token_size: int, sentence: Sentence) -> tuple[Float[Tensor, "B A H"], Float[Tensor, "B L A"]]:
        """Return what each view looks for, of length 1, and its weights of the words; zeros where it looks for none."""
        if self.words is None:
            words = sentence.words
            return words.new_zeros(len(words), 1, token_size), words.new_zeros(*words.shape[:2], 1)
        attention = share_words(self.words(sentence.states), sentence.mask)
        # the words themselves: what one of them names does not depend on the sentence, which says who does it to whom
        said = torch.einsum("bla,blw->baw", attention, sentence.words)
        asked = torch.stack([project(said[:, view]) for view, project in enumerate(self.query)], 1)
        return F.normalize(asked, dim=-1), attention

    def _look(
        self,
        tokens: Float[Tensor, "T S H"],
        mask: Bool[Tensor, "T S"],
        places: Float[Tensor, "T S 5"],
        length: Int[Tensor, ""],
        asked: Float[Tensor, "b A H"],
    ) -> tuple[Float[Tensor, "b T seen"], Float[Tensor, "b T S"]]:
        """Return all views of one video for its queries, side by side, and the mean of their weights."""
        # by the norm of a token last, lest every query divide all of them anew
        norm = tokens.norm(dim=-1).clamp(min=SHORTEST)
        cosine = torch.einsum("tsh,bah->bats", tokens, asked) / norm
        sharp = cosine if self.log_sharpness is None else cosine * self.log_sharpness.exp()[:, None, None]
        # where nothing is looked for, the mean
        weights = sharp.masked_fill(~mask, -torch.inf).softmax(-1)
        seen = torch.einsum("bats,tsh->btah", weights, tokens).flatten(2)
        if self.reaches is not None:
            seen = torch.cat([seen, follow(weights, places, length, self.reaches)], -1)
        return seen, weights.mean(1)


def share_words(scores: Float[Tensor, "B L A"], mask: Bool[Tensor, "B L"]) -> Float[Tensor, "B L A"]:
    """Let each view attend to words by its scores, and by how much of them the views before it have left.

    Otherwise all views learn to look for the one thing that says most, such as who does something, and stay there.

    Args:
        scores: what each view gives each word, before the softmax.
        mask: true where there is a word.

    Returns:
        Weights of the words, which sum to 1 for each view and are 0 where there is none.
    """
    left = mask.to(scores)
    attention = []
    for score in scores.unbind(-1):
        wanted = score + LEFT_POWER * left.clamp(min=LEAST_LEFT).log()
        attention.append(wanted.masked_fill(~mask, -torch.inf).softmax(-1))
        left = left - attention[-1]
    return torch.stack(attention, -1)
