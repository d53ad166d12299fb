#!/usr/bin/env bash
# Train every variant of LEORN-P on a data set from several seeds, and print a table of each.
#   leorn import-detections data/kscgr/detections --out data/kscgr/objects-256 --words data/demo/words.safetensors \
#       --queries data/kscgr/queries.jsonl --frames 256 --slots 16
#   experiments/ablations/run.sh kscgr test 0 1
#   leorn simulate --out data/simulated
#   leorn import-detections data/simulated/detections --out data/simulated/objects-128 --words data/simulated/words.npz \
#       --queries data/simulated/queries.jsonl --frames 128 --rate 2 --slots 10
#   experiments/ablations/run.sh simulated test-compositional 0 1
# What is trained already is not trained again, and what was interrupted goes on.
set -euo pipefail
data=$1 split=$2
shift 2
here=$(dirname "$0")
objects=$(sed -n 's/^  objects: //p' "$here/$data.yaml")
classes=${objects/objects-/classes-}
[ -e "$classes" ] || python "$here/one_slot_per_class.py" "$objects" --out "$classes" \
    --min_score "$(sed -n 's/^  min_score: //p' "$here/$data.yaml" | grep . || echo 0)"
width=$(python -c 'import json, sys; print(json.load(open(sys.argv[1]))["fingerprint"]["feature_size"])' "$classes/index.json")

declare -A variants=(
    [full]=""
    [no-object-attention]="--model.object_attention false"
    [no-shift]="--model.temporal_shift 0"
    [mean-pooling]="--model.attentive_pooling false"
    [labels-only]="--model.box_encoding false"
    [frame-vector-only]="--model.steering false"
    [one-slot-per-class]="--model.steering false --data.objects $classes --data.slots 1 --model.object_size $width \
        --model.label_objects false"
)
for variant in full no-object-attention no-shift mean-pooling labels-only frame-vector-only one-slot-per-class; do
    runs=()
    for seed in "$@"; do
        out=runs/ablations/$data/$variant/seed-$seed
        # begins, goes on, or ends at once where all is done
        # shellcheck disable=SC2086 # a variant is several words
        leorn train --config "$here/$data.yaml" --out "$out" --training.seed "$seed" --resume ${variants[$variant]}
        runs+=("$out/checkpoints/best.ckpt")
    done
    echo "## $variant"
    leorn evaluate "${runs[@]}" --split "$split" --format markdown --out "runs/ablations/$data/$variant/$split"
done
