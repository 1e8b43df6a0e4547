"""Programs as C99, from the ground up:

c_text        names, numbers and comments as text that a compiler accepts
c_namespace   expressions, on which the rules of the op table are evaluated
c_memory      where numbers are: arguments, constants, places in an array
c_reach       which results depend on which numbers
c_terms       operations of many inputs as loops
c_writing     loops and statements, which all rules share
c_loops       the rule for loops over rounds
c_kinds       the rule for each kind of instruction
c_program     the functions of a program
c_file        the file: its comment, its programs, its `if`s
decisions     the programs of the branches of a compiled function
c_function    `to_c`
"""
