"""One album sent by every way there: the tables that come back must be the same."""
