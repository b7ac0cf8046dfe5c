"""How good a model is: measures, calibration, bundles on any folder, pages to look at."""
