import torch

from leorn.model.clips import FramesToClips, FusedFramesToClips, average_clips


def test_a_clip_is_the_mean_of_its_frames() -> None:
    frames = torch.arange(12.0).view(1, 6, 2)
    assert average_clips(frames, 3).tolist() == [[[1, 2], [5, 6], [9, 10]]]
    assert torch.equal(average_clips(frames, 6), frames)


def test_frames_are_projected_and_rectified_before_they_are_averaged() -> None:
    layer = FramesToClips(1, 1)
    with torch.no_grad():
        layer.projection.weight.fill_(2)
        layer.projection.bias.fill_(-1)
    # 2 x - 1 is -3, 5
    assert layer(torch.tensor([[[-1.0], [3.0]]])).tolist() == [[[2.5]]]


def test_frame_features_are_joined_behind_the_objects() -> None:
    layer = FusedFramesToClips(2, 1, 1).eval()
    with torch.no_grad():
        layer.frame_projection.weight.copy_(torch.tensor([[1.0, -1.0]]))
        layer.frame_projection.bias.zero_()
        layer.fusion.weight.copy_(torch.tensor([[1.0, 10.0]]))
        layer.fusion.bias.fill_(0.5)
        layer.norm.norm.bias.fill_(-1)
    frames = layer.project_frames(torch.tensor([[[3.0, 1.0], [1.0, 4.0]]]))
    assert frames.tolist() == [[[2], [0]]]
    # object + 10 frame + 0.5 is 25.5, -1.5; BatchNorm as it starts divides by sqrt(1 + eps), and takes 1 off here
    clips = layer(torch.tensor([[[5.0], [-2.0]]]), frames)
    torch.testing.assert_close(clips, torch.tensor([[[(25.5 / (1 + 1e-5) ** 0.5 - 1) / 2]]]))
