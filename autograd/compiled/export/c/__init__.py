"""Programs as C99: `to_c` in `c_function`, from the literals of `c_text` up to the file of `c_file`."""
