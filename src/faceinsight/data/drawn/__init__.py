"""Six small data sets of drawn faces, in the layouts of the real ones.

Whoever has neither photographs nor a GPU sees the whole chain run on them: the same readers serve
them, their characteristics are correlated as in life, and some can be read only from shape, some
only from colour or texture, and some best from their neighbours. They show that the machinery
works, not how well it does on photographs of people.

`settings` says what is drawn, and imports nothing heavy; `writing` draws it.
"""
