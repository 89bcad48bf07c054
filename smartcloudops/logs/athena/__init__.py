"""Logs searched by Amazon Athena, where they are too many to be fetched; the price and the bytes are said first.

The stages, in order:

1. `tables`      a known layout -> the columns of its records, and how Athena is told to read them
2. `projecting`  where the keys begin, and how they hold dates -> the table's place and its projected partitions
3. `filtering`   the filters of a question -> conditions on columns
4. `selecting`   a question -> the statement, and the values that go with it
5. `costing`     the partitions of the window -> bytes and price, before anything runs
6. `running`     the statement -> its rows, within the limit of the workgroup
7. `results`     a row -> a hit, as a search would give it

Every value that a user typed goes to Athena as an execution parameter; the text of a statement is made of our own
words, of names checked letter by letter, and of the address of the source in the table's definition. Tables have the
whole record in the column `line`, before the columns of AWS's own definitions, so that a pattern sees what a search
sees, and a record of an unknown form is found all the same.
"""
