"""A training as a page: `chain` finds the layers of a model, `frames` computes what they did at each snapshot, `reel` packs these numbers
into text, `scenes` says what is shown of them, and `film` makes the page, whose code is in film.html.
"""
