"""Playing one cell of a sweep: `play` tells the story, and the other modules are its parts."""
