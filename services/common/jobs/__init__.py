"""Jobs: their queries (`repositories`) and their use cases."""
