"""The commands of ``python -m services.trainer``, one module per stage of the work.

Importing them loads neither TensorFlow nor OpenCV: ``--help`` answers at once.
"""
