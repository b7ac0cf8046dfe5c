"""Pages, charts and the model card of a run or a bundle."""
