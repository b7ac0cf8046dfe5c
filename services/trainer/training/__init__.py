"""The training loop: steps, state, schedule, checkpoints and the log of a run."""
