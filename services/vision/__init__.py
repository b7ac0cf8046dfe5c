"""The vision library: photo bytes in, faces with apparent expressions out. No I/O but files."""

from services.vision import no_telemetry as no_telemetry
