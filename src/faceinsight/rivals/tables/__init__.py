"""Other systems, known by tables of their answers, scored as a model is.

settings       which column of a table is what, and what its words mean
table          a CSV or Parquet file as text
matching       which labelled face each row is about
words          words that need no explanation: ages in years, other spellings
answers        the words as classes and attributes: a table read, matched and understood
metrics        what is counted where answers are missing or stand for several classes
scoring        all tables scored
same_faces     beside a model of ours, on the faces that both answered about
"""
