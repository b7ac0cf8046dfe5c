"""The old name of `python -m services.ingest`; goes with the next release."""

import runpy

runpy.run_module("services.ingest", run_name="__main__", alter_sys=True)
