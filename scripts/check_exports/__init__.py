"""Results in every form, read back by the programs that they are for."""
