"""The old name of `python -m services.maintenance`; goes with the next release."""

import runpy

runpy.run_module("services.maintenance", run_name="__main__", alter_sys=True)
