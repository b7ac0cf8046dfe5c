"""The old name of `python -m services.backup`; goes with the next release."""

import runpy

runpy.run_module("services.backup", run_name="__main__", alter_sys=True)
