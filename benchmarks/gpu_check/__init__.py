"""This node's GPU in one table: ``scripts/gpu_check.sh``, under 8 minutes.

Whether the GPU's engines answer as the CPU's, photos and training images per second, peak memory.
Without a GPU the same code runs on the CPU with small counts: a rehearsal, and the table says so.
"""
