"""`leorn calibrate`."""

from jsonargparse import Namespace
from jsonargparse.typing import NonNegativeInt

from leorn.arguments import Parser
from leorn.commands.elsewhere import add_data_elsewhere, data_elsewhere
from leorn.terminal import progress, say, show
from leorn.wording import counted


def run(options: Namespace) -> None:
    """Make a network's scores probabilities, on queries with and without an answer; written into its file."""
    from leorn.retrieval.calibrate import calibrate

    done = calibrate(
        options.network,
        split=options.split,
        data=data_elsewhere(options),
        others=options.others,
        seed=options.seed,
        out=options.out,
        device=options.device,
        progress=progress("asking videos"),
    )
    fitted = done.calibration
    title = f"{options.split}, {counted(done.queries, 'query')}, {counted(fitted.answers, 'answer')}"
    title += f", {fitted.hits} of them right" + ("" if done.auroc is None else f"; AUROC {done.auroc:.3f}")
    before = {"calibration error": done.error_before}
    after = {
        "calibration error": done.error_after,
        "threshold": fitted.threshold,
        "% rejected in own video": 100 * done.rejected_with_answer,
        "% rejected in others": 100 * done.rejected_without,
    }
    show({"scores": before, "confidences": after}, {}, title)
    say(f"confidence = sigmoid({fitted.slope:.4f} * logit(score) + {fitted.offset:.4f})")
    say(f"wrote {done.file}")


def add_options(parser: Parser) -> None:
    """Options of `leorn calibrate`."""
    parser.add_argument("network", metavar="NETWORK", help="A .safetensors file, or the folder of leorn pack.")
    parser.add_argument("--split", default="val", help="Split of the queries; none that it was trained on.")
    parser.add_argument(
        "--others", type=NonNegativeInt, default=1, help="Videos that a query is asked of beside its own."
    )
    parser.add_argument("--seed", type=NonNegativeInt, default=0, help="Of the draw of other videos.")
    parser.add_argument("--out", metavar="FILE", help="Write another file; the network's own if not given.")
    parser.add_argument("--device", help="torch's name; the first GPU where there is one, else the CPU.")
    add_data_elsewhere(parser)
