"""What the engine runs on and no reader needs on the first day.

- `choose_build`, `mypyc_shim`, `version`: the compiled core or the plain one, and its version.
- `state`, `hooks`, `observed`: what the core asks the rest of the library while a function is recorded or differentiated.
- `coercion`, `vectors`, `bulk`, `messages`: what may stand beside a Value, many Values at once, and the texts of refusals.
- `temporary`, `files`: contexts and files that an interrupt leaves in order.
"""
