"""From a job that the model is wrong on to one that is answered better: the workbench's loop."""
