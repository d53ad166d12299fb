"""The most memory that training on TACoS needs at the published batch of 8: on the CPU, in a process of its own."""

import subprocess
import sys
from typing import Any

import pytest
import torch
from memory import peak_bytes
from test_training import make_step

BATCH = 8


@pytest.mark.parametrize("checkpoint", [False, True], ids=["kept", "checkpointed"])
def test_training_step_of_tacos(benchmark: Any, checkpoint: bool) -> None:  # noqa: ANN401
    command = [sys.executable, __file__, *(["--checkpoint"] if checkpoint else [])]
    found = benchmark.pedantic(subprocess.check_output, args=(command,), rounds=1)
    benchmark.extra_info["examples"] = BATCH
    benchmark.extra_info["peak_gigabytes"] = int(found) / 1e9


if __name__ == "__main__":
    step = make_step(
        "K5L8-128x128", BATCH, "cpu", torch.bfloat16, fused=True, compiled=False, checkpoint="--checkpoint" in sys.argv
    )
    step()
    # the optimizer has its states now
    step()
    print(peak_bytes())
