"""`python -m leorn`: the command line, also for torchrun."""

from leorn.cli import main

if __name__ == "__main__":
    main()
