"""The passes, one in each file. A pass is a function from one stage of a program to the next; `pipeline` calls them."""
