"""Pictures drawn for requests: whose turn it is, and what a child is asked for."""
