"""How many files of ``services`` one photo enters: ``python -m benchmarks.photo_path``."""
