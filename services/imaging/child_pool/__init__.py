"""Child processes that decode and draw pictures, so that hostile bytes meet no secret (ADR 0021).

This is the side of the process that has them; ``services.imaging.child_program`` is what runs in
a child.
"""
