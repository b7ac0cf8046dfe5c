"""From the API's answers to what templates show. Pure: no HTTP, no clock of its own."""
