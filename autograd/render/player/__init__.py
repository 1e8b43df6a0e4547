"""The step player: `steps` follows a forward and a backward pass, and `play` makes a page of them."""
