"""What the filters, facets and orders of a large job take, and what keeping their rows costs."""
