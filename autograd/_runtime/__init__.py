"""What the engine runs on and no reader needs on the first day.

`choose_build`, `mypyc_shim`: the compiled core and the plain one. `state`, `hooks`, `observed`: how the core tells the rest of the library
what a program does. `coercion`, `vectors`, `bulk`, `messages`: what may stand beside a Value, and what is said where it may not.
`temporary`, `files`: contexts and files that survive an interrupt.
"""
