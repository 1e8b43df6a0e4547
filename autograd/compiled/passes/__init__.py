"""The passes, one a file, each a function from one form of a program to the next. `pipeline` calls them."""
