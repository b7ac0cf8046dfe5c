"""An API that draws large and hostile pictures: its memory, and what other tenants notice."""
