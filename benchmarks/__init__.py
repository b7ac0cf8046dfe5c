"""Side-by-side measurements: each prints ratios of one run, never lone times."""

from services.vision import no_telemetry as no_telemetry
