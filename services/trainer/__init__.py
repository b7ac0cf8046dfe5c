"""The trainer: a folder of labelled faces in, a calibrated and verified model bundle out.

TensorFlow is imported inside the functions that need it, never at the top of a module that the
command line loads: ``--help`` stays fast, and the worker can never pull it in by accident.
"""

from services.vision import no_telemetry as no_telemetry
