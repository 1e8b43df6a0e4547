"""What a graph looks like: as a picture (`picture`), as a page that steps through it (`player`), and in formulas (`formula`).

`lettering` is what all three share: names and numbers as text; `page` is what a page is made of.
`player` uses the pictures of `picture` and the equations of `formula`.
"""
