"""Every query on data sets."""
