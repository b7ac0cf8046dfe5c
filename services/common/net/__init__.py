"""Speaking HTTP to addresses that users name: photos by URL, webhook receivers."""
