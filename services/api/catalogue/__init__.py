"""The public catalogue of problems: what each one means, where it comes from, what to do."""
