"""The network and its blocks: tensors in, candidates out."""
