"""Reviews that people gave elsewhere, read back: Label Studio's JSON, or CSV."""
