"""How soon the grid of a large job is on the screen, and what scrolling through it costs."""
