"""What the API keeps for the processes of the page."""
